"""Webhooks: what machines are told is signed, in order, tried again, and goes nowhere that it may not go."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.contrib.auth.models import User
from django.db import connection as database
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook

from connections.accounts.rotation import rotate_credentials
from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import AuditEvent, Delivery, Endpoint, Notice
from connections.notices import alarms, courier, people
from connections.notices.outbox import fill
from connections.notices.outward import channel, endpoints, guard, signatures
from connections.notices.outward.endpoints import InvalidEndpoint
from tests.notices.test_courier import Here
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
WEB = Origin("web")


class Receiver:
    """A server that keeps what is posted. `answers`: status, headers and body of each, the last for ever."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = [(204, {}, b"")]
        self.hangs_s = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
                time.sleep(receiver.hangs_s)
                answers = receiver.answers
                status, headers, content = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                for name, text in headers.items():
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                try:
                    self.wfile.write(content)
                except OSError:
                    pass  # nobody reads to the end

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in"


@pytest.fixture
def receiver(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW = ["127.0.0.0/8"]
    monkeypatch.setattr(database, "close", lambda: None)
    found = Receiver()
    try:
        yield found
    finally:
        found.server.shutdown()
        found.server.server_close()


def endpoint_at(url: str, admin: User, form: str = "secret", **fields: Any) -> Endpoint:
    fill(channel.CHANNEL)  # what was before is not told
    wanted = {"name": "soc", "form": form, "events": ["run.taken_over", "alarm.raised", "alarm.cleared"], **fields}
    return endpoints.make(admin, WEB, url=url, **wanted)


def tell(user: User, action: str = "run.taken_over", **facts: Any) -> AuditEvent:
    with transaction.atomic():
        return AuditEvent.objects.get(seq=append([Entry(action, WEB, actor=user, facts=facts)]))


def carry() -> None:
    courier.carry(Here())  # type: ignore[arg-type]


def again() -> None:
    Delivery.objects.waiting().update(due_at=timezone.now())
    carry()


def test_a_delivery_is_accepted_by_the_reference_library(receiver: Receiver, admin_user: User) -> None:
    endpoint = endpoint_at(receiver.url, admin_user)
    line = tell(admin_user, taken_from="bob")
    carry()
    (_path, headers, body) = receiver.got[0]
    found = Webhook(endpoints.keys_of(endpoint)[0]).verify(body, headers)
    assert (found["type"], found["data"]["seq"], found["data"]["hash"]) == ("run.taken_over", line.seq, line.hash)
    assert "bob" not in body.decode()
    assert Delivery.objects.get().state == "delivered"


def test_names_are_told_to_who_asked_for_them(receiver: Receiver, admin_user: User) -> None:
    endpoint_at(receiver.url, admin_user, with_names=True)
    tell(admin_user, taken_from="bob")
    carry()
    assert json.loads(receiver.got[0][2])["data"]["taken_from"] == "bob"


def test_an_ed25519_delivery_is_checked_by_the_public_key(receiver: Receiver, admin_user: User) -> None:
    endpoint = endpoint_at(receiver.url, admin_user, form="ed25519")
    tell(admin_user)
    carry()
    (_path, headers, body) = receiver.got[0]
    public = signatures.public_of(endpoints.keys_of(endpoint)[0]).removeprefix("whpk_")
    scheme, signature = headers["webhook-signature"].split(",")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    Ed25519PublicKey.from_public_bytes(base64.b64decode(public)).verify(base64.b64decode(signature), signed)
    assert scheme == "v1a"


def test_after_a_change_of_the_secret_both_hold_for_a_day(receiver: Receiver, admin_user: User) -> None:
    endpoint = endpoint_at(receiver.url, admin_user)
    before = endpoints.keys_of(endpoint)[0]
    endpoints.rotate(endpoint, admin_user, WEB)
    tell(admin_user)
    carry()
    (_path, headers, body) = receiver.got[0]
    for key in (before, endpoints.keys_of(endpoint)[0]):
        Webhook(key).verify(body, headers)
    Endpoint.objects.update(old_until=timezone.now())
    assert before not in endpoints.keys_of(Endpoint.objects.get())


def test_order_is_kept_and_a_try_again_has_the_same_id(receiver: Receiver, admin_user: User) -> None:
    endpoint_at(receiver.url, admin_user)
    receiver.answers = [(503, {"Retry-After": "7"}, b"maintenance"), (204, {}, b"")]
    first, second = tell(admin_user), tell(admin_user)
    carry()
    carry()
    assert len(receiver.got) == 1
    again()
    again()
    assert [json.loads(body)["data"]["seq"] for _path, _headers, body in receiver.got] == [
        first.seq,
        first.seq,
        second.seq,
    ]
    assert receiver.got[0][1]["webhook-id"] == receiver.got[1][1]["webhook-id"]
    assert Endpoint.objects.get().failing_since is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [((302, {"Location": "http://127.0.0.1:1/"}, b"moved"), "moved"), ((500, {}, b"x" * 10_000_000), "x" * 1024)],
)
def test_a_redirect_is_not_followed_and_a_long_answer_not_read(
    receiver: Receiver, admin_user: User, answer: Any, said: str
) -> None:
    endpoint_at(receiver.url, admin_user)
    receiver.answers = [answer]
    tell(admin_user)
    carry()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status, delivery.said, len(receiver.got)) == ("waiting", answer[0], said, 1)


def test_one_that_hangs_is_let_go(receiver: Receiver, admin_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "READ_S", 0.2)
    endpoint_at(receiver.url, admin_user)
    receiver.hangs_s = 1.0
    tell(admin_user)
    begun = time.monotonic()
    carry()
    assert time.monotonic() - begun < 0.9
    assert Delivery.objects.get().state == "waiting"


def test_one_that_takes_nothing_for_three_days_is_turned_off_with_a_line(receiver: Receiver, admin_user: User) -> None:
    endpoint_at(receiver.url, admin_user)
    receiver.answers = [(500, {}, b"")]
    tell(admin_user)
    carry()
    Endpoint.objects.update(failing_since=timezone.now() - timedelta(days=3, minutes=1))
    again()
    assert Endpoint.objects.get().off_at is not None
    assert Delivery.objects.get().state == "given_up"
    assert AuditEvent.objects.filter(action="webhook.off").count() == 1
    fill(people.CHANNEL)
    alarms.watch()
    fill(people.CHANNEL)
    assert Notice.objects.get(user=admin_user).kind == "webhook"


def test_gone_turns_it_off_at_once_and_a_replay_has_the_id_it_had(receiver: Receiver, admin_user: User) -> None:
    endpoint = endpoint_at(receiver.url, admin_user)
    receiver.answers = [(410, {}, b""), (204, {}, b"")]
    tell(admin_user)
    carry()
    assert Endpoint.objects.get().off_at is not None
    endpoints.turn_on(endpoint, admin_user, WEB)
    endpoints.replay(Delivery.objects.get())
    carry()
    assert receiver.got[0][1]["webhook-id"] == receiver.got[1][1]["webhook-id"]
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["delivered", "given_up"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nothing_goes_to_where_it_may_not_go(
    receiver: Receiver, admin_user: User, settings: Settings, host: str
) -> None:
    endpoint_at(f"http://{host}:{receiver.port}/in" if host != "localhost" else receiver.url, admin_user)
    secrets = Endpoint.objects.get().opened() | {"url": f"http://{host}:{receiver.port}/in"}
    endpoint = Endpoint.objects.get()
    endpoint.secrets = secrets
    endpoint.save()
    settings.WEBHOOK_ALLOW = []
    tell(admin_user)
    carry()
    assert receiver.got == []
    assert "WEBHOOK_ALLOW does not name it" in Delivery.objects.get().said


@pytest.mark.parametrize(
    ("address", "allow", "may"),
    [
        ("93.184.216.34", [], True),
        ("10.1.2.3", [], False),
        ("10.1.2.3", ["10.0.0.0/8"], True),
        ("10.1.2.3", ["hook.internal"], True),
        ("100.64.0.1", [], False),
        ("::ffff:127.0.0.1", [], False),
        ("64:ff9b::7f00:1", [], False),
        ("169.254.169.254", ["169.254.0.0/16", "hook.internal"], False),
        ("fe80::1", ["hook.internal"], False),
        ("100.100.100.200", ["hook.internal"], False),
        ("0.0.0.0", ["hook.internal"], False),
    ],
)
def test_which_addresses_may_be_dialled(settings: Settings, address: str, allow: list[str], may: bool) -> None:
    settings.WEBHOOK_ALLOW = allow
    assert guard.is_allowed(address, "hook.internal") is may


def test_a_pager_gets_both_ends_of_an_alarm_under_one_key(receiver: Receiver, admin_user: User) -> None:
    endpoint_at(receiver.url, admin_user, form="pagerduty", key="0" * 32)
    for action in ("run.taken_over", "alarm.raised", "alarm.cleared"):
        tell(admin_user, action, alarm="history", alarm_id=7, why="event 3 was altered")
        carry()
    pages = [json.loads(body) for _path, _headers, body in receiver.got]
    assert [(page["event_action"], page["dedup_key"]) for page in pages] == [
        ("trigger", "remoteit-admin-7"),
        ("resolve", "remoteit-admin-7"),
    ]
    assert pages[0]["payload"]["severity"] == "critical"
    assert "altered" not in json.dumps(pages)


@pytest.mark.parametrize(("form", "where"), [("slack", "text"), ("teams", "attachments")])
def test_a_chat_gets_a_sentence_without_names(
    receiver: Receiver, admin_user: User, settings: Settings, form: str, where: str
) -> None:
    settings.PUBLIC_URL = "https://panel.example"
    endpoint_at(receiver.url, admin_user, form=form)
    tell(admin_user, "alarm.raised", alarm="account", alarm_id=1, account="<b>dana</b>")
    carry()
    (_path, headers, body) = receiver.got[0]
    assert "isn't read any more" in json.dumps(json.loads(body)[where])
    assert "dana" not in body.decode()
    assert "webhook-signature" not in headers


def test_an_administrator_makes_one_and_sees_its_secret_once(
    receiver: Receiver, client: Client, admin_user: User
) -> None:
    client.force_login(admin_user)
    url = f"{receiver.url}/hidden-part"
    wish = {"name": "soc", "form": "secret", "url": url, "events": ["run.finished"]}
    made = client.post(reverse("webhook_add"), wish)
    endpoint = Endpoint.objects.get()
    secret = endpoints.keys_of(endpoint)[0]
    assert secret in text_of(made)
    page = client.get(reverse("webhook", args=[endpoint.pk])).content.decode()
    assert secret not in page
    assert "hidden-part" not in page
    with database.cursor() as cursor:
        cursor.execute("SELECT secrets FROM connections_endpoint")
        assert b"hidden-part" not in bytes(cursor.fetchone()[0])
    line = AuditEvent.objects.get(action="webhook.added")
    assert "hidden-part" not in line.body


def test_a_test_event_is_sent_and_what_came_back_is_shown(receiver: Receiver, client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    endpoint = endpoint_at(receiver.url, admin_user)
    receiver.answers = [(401, {}, b"who are you?")]
    client.post(reverse("webhook_do", args=[endpoint.pk]), {"do": "test"})
    carry()
    assert "HTTP 401 who are you?" in text_of(client.get(reverse("webhook", args=[endpoint.pk])))


@pytest.mark.parametrize("name", ["webhooks", "webhook_add"])
def test_an_operator_sees_none_of_it(operator: Client, name: str) -> None:
    assert operator.get(reverse(name)).status_code == 403


@pytest.mark.parametrize(
    "url", ["http://hook.example/", "https://u:p@hook.example/", "ftp://hook.example/", "https://", "https://[::1"]
)
def test_an_address_that_can_not_be_meant_is_refused(url: str) -> None:
    with pytest.raises(InvalidEndpoint):
        endpoints.check("secret", url, "")


def test_secrets_follow_a_new_key_and_one_that_is_lost_breaks_no_other(
    receiver: Receiver, admin_user: User, client: Client, settings: Settings
) -> None:
    endpoint_at(receiver.url, admin_user)
    old, new, other = settings.CREDENTIALS_KEY, *(Fernet.generate_key().decode() for _key in range(2))
    settings.CREDENTIALS_KEY = f"{new},{old}"
    rotate_credentials(WEB)
    settings.CREDENTIALS_KEY = new
    assert endpoints.keys_of(Endpoint.objects.get())[0].startswith("whsec_")
    settings.CREDENTIALS_KEY = other
    tell(admin_user)
    carry()
    assert "No key in CREDENTIALS_KEY" in Delivery.objects.get().said
    client.force_login(admin_user)
    assert client.get(reverse("webhooks")).status_code == 200
    assert client.get(reverse("webhook", args=[Endpoint.objects.get().pk])).status_code == 200
