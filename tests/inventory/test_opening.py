"""Opening a connection from the panel."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from connections.audit.origin import Origin
from connections.inventory.openings import CannotOpen, Wish, open_connection, public_address
from connections.live.read import read_list
from connections.models import Account, AuditEvent, Connection
from connections.sandbox import FaultRule, Sandbox
from connections.sandbox.world.seed import connectable

pytestmark = pytest.mark.django_db
OPEN = "/admin/connections/connection/open/"
LATCH = "255.255.255.255"


@pytest.fixture
def opener(alice: User) -> User:
    """An operator who may open connections."""
    alice.user_permissions.add(Permission.objects.get(codename="open_connection"))
    return alice


@pytest.fixture
def web(client: Client, opener: User, account: Account) -> Client:
    client.force_login(opener)
    return client


@pytest.fixture
def service(sandbox: Sandbox) -> str:
    """The address of a service that can be opened."""
    return str(
        sandbox.call(lambda world: next(filter(connectable, world.services.values())).address, sandbox.server.world)
    )


def ask(client: Client, address: str, **fields: object) -> HttpResponse:
    account = Account.objects.get(name="default")
    data = {"device_address": address, "account": account.pk, "host_ip": LATCH, **fields}
    return client.post(OPEN, data)  # type: ignore[return-value]


def told(action: str) -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in AuditEvent.objects.filter(action=action).order_by("seq")]


def asked(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The bodies of the wishes that the sandbox got."""
    lines = [json.loads(line) for line in sandbox.log.lines().splitlines()]
    return [json.loads(line["body"]) for line in lines if line["path"].endswith("device/connect")]


def test_what_is_opened_becomes_a_record_and_leads_to_its_page(web: Client, sandbox: Sandbox, service: str) -> None:
    response = ask(web, service)
    [row], connection = sandbox.world.rows("open"), Connection.objects.get()
    assert response.url == f"/admin/connections/connection/{connection.pk}/change/"  # type: ignore[attr-defined]
    assert connection.connection_id == row["connection_id"]
    assert (connection.known_by, connection.status, connection.device_address) == ("opened", "active", service)
    assert connection.opened_by == sandbox.username
    assert connection.expires_at is not None


def test_its_page_says_where_to_go(web: Client, service: str, sandbox: Sandbox) -> None:
    page = web.get(ask(web, service).url).content.decode()  # type: ignore[attr-defined]
    assert Connection.objects.get().proxy_address in page
    assert "opened here" in page


@pytest.mark.parametrize("style", ["upper", "lower"])
def test_its_id_is_kept_byte_for_byte(web: Client, sandbox: Sandbox, service: str, style: str) -> None:
    sandbox.set(id_style=style)
    ask(web, service)
    assert Connection.objects.get().connection_id == sandbox.world.rows("open")[0]["connection_id"]


def test_it_can_be_stopped_like_any_other(web: Client, sandbox: Sandbox, service: str) -> None:
    ask(web, service)
    assert Connection.objects.get().is_stoppable
    assert Connection.objects.get().is_known_to_be_real


def test_the_history_tells_the_wish_before_the_answer(web: Client, sandbox: Sandbox, service: str) -> None:
    ask(web, service)
    actions = list(AuditEvent.objects.order_by("seq").values_list("action", flat=True))
    assert actions == [
        "account.sign_in_sent",
        "account.sign_in_answered",
        "connection.open_sent",
        "connection.open_answered",
    ]
    [sent], [answered] = told("connection.open_sent"), told("connection.open_answered")
    assert (sent["actor"], sent["device_address"], sent["host_ip"]) == ("alice", service, LATCH)
    assert (answered["outcome"], answered["connection_id"]) == ("opened", Connection.objects.get().connection_id)
    assert answered["open_seq"] == AuditEvent.objects.get(action="connection.open_sent").seq


def test_the_history_page_has_words_for_it(web: Client, service: str, sandbox: Sandbox) -> None:
    ask(web, service)
    page = web.get("/admin/connections/auditevent/").content.decode()
    assert f"Asked to open a connection to {service}" in page
    assert "Remote.it opened a connection" in page


def test_from_a_private_address_it_is_for_the_first_to_connect(web: Client, sandbox: Sandbox, service: str) -> None:
    form = web.get(OPEN).context["form"]
    assert form["host_ip"].initial == LATCH
    ask(web, service)
    assert asked(sandbox)[0]["hostip"] == LATCH


def test_from_a_public_address_it_is_for_that_address(web: Client, sandbox: Sandbox, service: str) -> None:
    form = web.get(OPEN, REMOTE_ADDR="8.8.4.4").context["form"]
    assert form["host_ip"].initial == "8.8.4.4"


def test_nobody_opens_for_an_address_that_is_not_theirs(web: Client, sandbox: Sandbox, service: str) -> None:
    assert "host_ip" in ask(web, service, host_ip="8.8.8.8").context["form"].errors  # type: ignore[attr-defined]
    assert asked(sandbox) == []


def test_for_everybody_takes_a_choice(web: Client, sandbox: Sandbox, service: str) -> None:
    ask(web, service, host_ip="0.0.0.0")
    assert asked(sandbox)[0]["hostip"] == "0.0.0.0"
    assert told("connection.open_sent")[0]["host_ip"] == "0.0.0.0"


@pytest.mark.parametrize(
    ("client_ip", "restricted"),
    [("8.8.4.4", "8.8.4.4"), ("10.1.2.3", ""), ("127.0.0.1", ""), ("2001:4860:4860::8888", ""), ("", "")],
)
def test_only_a_public_ipv4_address_can_be_restricted_to(client_ip: str, restricted: str) -> None:
    assert public_address(client_ip) == restricted


@pytest.mark.parametrize("kind", ["reset_after", "truncated", "html500"])
def test_a_lost_answer_is_said_to_have_perhaps_opened_one(
    web: Client, sandbox: Sandbox, service: str, kind: str
) -> None:
    sandbox.faults.add(FaultRule(kind, path="device/connect"))
    page = ask(web, service).content.decode()
    assert "It may have opened one" in page
    assert told("connection.open_answered")[0]["outcome"] == "unknown"
    assert not Connection.objects.exists()


def test_a_refusal_is_shown_word_for_word(web: Client, sandbox: Sandbox) -> None:
    page = ask(web, "80:00:00:00:01:FF:FF:FF").content.decode()
    assert "Nothing was opened." in page
    assert "[0861] no service for this address" in page
    assert told("connection.open_answered")[0]["outcome"] == "refused"


def test_a_host_that_is_not_there_is_no_perhaps(web: Client, settings: Settings, account: Account) -> None:
    settings.REMOTEIT_API_URL = "http://127.0.0.1:9/apv/v27"
    page = ask(web, "80:00:00:00:01:00:00:01").content.decode()
    assert "Sign-in to remote.it failed" in page
    assert told("connection.open_sent") == []


def test_without_a_sign_in_nothing_is_asked(web: Client, sandbox: Sandbox, service: str, settings: Settings) -> None:
    settings.REMOTEIT_PASSWORD = "wrong"
    page = ask(web, service).content.decode()
    assert "The username or password is invalid" in page
    assert told("account.sign_in_answered")[0]["outcome"] == "refused"
    assert asked(sandbox) == []


@pytest.mark.parametrize(
    "pause", [{"held_at": "2026-01-01T00:00Z"}, {"paused_until": "2099-01-01T00:00Z", "paused_why": "HTTP 429"}]
)
def test_a_paused_account_opens_nothing(web: Client, sandbox: Sandbox, service: str, pause: dict[str, str]) -> None:
    Account.objects.update(**pause)
    assert "is paused" in ask(web, service).content.decode()
    assert not AuditEvent.objects.exists()


def test_a_list_that_shows_it_later_makes_no_second_record(
    web: Client, sandbox: Sandbox, service: str, account: Account
) -> None:
    ask(web, service)
    proxy_address = Connection.objects.get().proxy_address
    read_list(account)
    assert Connection.objects.get().proxy_address == proxy_address != ""


def test_it_has_the_names_of_an_earlier_connection(
    web: Client, sandbox: Sandbox, service: str, make_connection: Any
) -> None:
    make_connection(device_address=service.lower(), device_name="Kiosk 7", service_name="ssh")
    ask(web, service)
    opened = Connection.objects.get(known_by="opened")
    assert (opened.device_name, opened.service_name) == ("Kiosk 7", "ssh")


def test_services_that_were_seen_are_offered(web: Client, make_connection: Any) -> None:
    make_connection(device_address="80:00:00:00:01:00:00:01", device_name="Kiosk 7")
    make_connection(device_address="80:00:00:00:01:00:00:01", device_name="Kiosk 7")
    page = web.get(OPEN).content.decode()
    assert page.count('<option value="80:00:00:00:01:00:00:01">Kiosk 7') == 1


def test_a_link_from_a_connection_chooses_its_service(web: Client, make_connection: Any) -> None:
    one = make_connection()
    assert f'value="{one.device_address}"' in web.get(f"{OPEN}?of={one.pk}").content.decode()


@pytest.mark.parametrize(("field", "value"), [("device_address", "80:00"), ("device_address", ""), ("account", "0")])
def test_what_is_wrong_is_said_beside_its_field(
    web: Client, sandbox: Sandbox, service: str, field: str, value: str
) -> None:
    response = ask(web, service, **{field: value})
    assert list(response.context["form"].errors) == [field]  # type: ignore[attr-defined]
    assert not AuditEvent.objects.exists()


def test_one_without_the_permission_opens_nothing(
    client: Client, bob: User, account: Account, sandbox: Sandbox
) -> None:
    client.force_login(bob)
    assert client.get(OPEN).status_code == 403
    assert ask(client, "80:00:00:00:01:00:00:01").status_code == 403
    assert OPEN not in client.get("/admin/connections/connection/").content.decode()
    with pytest.raises(CannotOpen):
        open_connection(Wish(account, "80:00:00:00:01:00:00:01", LATCH, bob, Origin("command")))


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_comes_while_the_database_takes_nothing_is_recorded_when_it_does(
    sandbox: Sandbox, opener: User, account: Account, service: str
) -> None:
    moments = iter(["away", "away"])

    def away(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith('INSERT INTO "connections_connection"') and next(moments, None):
            raise OperationalError("the database system is in recovery mode")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(away):
        result = open_connection(Wish(account, service, LATCH, opener, Origin("web")))
    assert result.connection is not None
    assert [line["outcome"] for line in told("connection.open_answered")] == ["opened"]
    assert next(moments, None) is None
