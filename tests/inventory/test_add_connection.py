"""Adding one connection by hand, in the browser."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User

from connections.models import Account, AuditEvent, Connection, Preferences

ADD = "/admin/connections/connection/add/"
ADDRESS = "80:00:00:00:01:00:40:C5"
ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"


@pytest.fixture
def dana(alice):
    """An operator who may add connections."""
    alice.user_permissions.add(Permission.objects.get(codename="add_connection"))
    return alice


@pytest.fixture
def adder(client, dana):
    client.force_login(dana)
    return client


def add(client, default, /, **fields):
    return client.post(ADD, {"device_address": ADDRESS, "connection_id": ID, **{"account": default.pk, **fields}})


def errors(response):
    assert response.status_code == 200
    return {name: " ".join(found) for name, found in response.context["form"].errors.items()}


def test_it_is_added_as_known_by_hand_and_leads_to_its_page(adder, account):
    response = add(adder, account, device_name="Kiosk 7")
    added = Connection.objects.get()
    assert response.url == f"/admin/connections/connection/{added.pk}/change/"
    assert (added.known_by, added.status, added.device_name) == ("added", "active", "Kiosk 7")
    assert (added.connection_id, added.connection_key) == (ID, ID.lower())


def test_the_page_after_it_says_what_is_known_and_what_is_not(adder, account):
    page = adder.get(add(adder, account).url).content.decode()
    assert "Only remote.it knows whether it is open." in page
    assert "added by hand" in page


def test_the_history_tells_who_added_what_from_where(adder, account):
    add(adder, account, service_name="ssh", opened_by="vendor@example.net", opened_at="2026-03-01T15:30:00+01:00")
    [event] = AuditEvent.objects.all()
    body = json.loads(event.body)
    assert {
        name: body[name] for name in body.keys() - {"at", "actor_id", "account_id", "connection", "request_id"}
    } == {
        "action": "connection.added",
        "actor": "alice",
        "origin": "web",
        "client_ip": "127.0.0.1",
        "account": "default",
        "connection_id": ID,
        "device_address": ADDRESS,
        "service_name": "ssh",
        "opened_by": "vendor@example.net",
        "opened_at": "2026-03-01T14:30:00.000000Z",
    }
    assert event.connection == Connection.objects.get()


def test_the_history_page_has_words_for_it(adder, account):
    add(adder, account)
    assert "Added a connection" in adder.get("/admin/connections/auditevent/").content.decode()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("device_address", "80:00", "eight pairs of hex digits"),
        ("device_address", "", "A stop needs the service address."),
        ("connection_id", "A481EBED-C678", "8-4-4-4-12 hex digits"),
        ("device_name", "a\tb", "control character"),
        ("opened_by", "a\nb", "control character"),
        ("device_name", "x" * 201, "at most 200 characters"),
        ("account", "0", "valid choice"),
        ("opened_at", "soon", "Write it like 2026-03-01 14:30"),
        ("opened_at", "2026-03-01", "Write it like 2026-03-01 14:30"),
        ("opened_at", "03/01/2026 14:30", "Write it like 2026-03-01 14:30"),
        ("expires_at", "9999-12-31T23:59:59Z", "of the years 1970 to 2999"),
        ("expires_at", "0001-01-01 00:00", "of the years 1970 to 2999"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(adder, account, field, value, says):
    response = add(adder, account, **{field: value})
    assert list(errors(response)) == [field]
    assert says in errors(response)[field]
    assert re.search(rf'<[^>]+name="{field}"[^>]+aria-invalid="true"', response.content.decode())
    assert not Connection.objects.exists()
    assert not AuditEvent.objects.exists()


def test_what_was_typed_stays(adder, account):
    page = add(
        adder, account, connection_id="A481", device_name="Kiosk 7", opened_at="2026-03-01 14:30"
    ).content.decode()
    for typed in ("A481", "Kiosk 7", "2026-03-01 14:30"):
        assert f'value="{typed}"' in page


def test_it_cannot_end_before_it_was_opened(adder, account):
    response = add(adder, account, opened_at="2026-03-01T15:00:00Z", expires_at="2026-03-01T15:30:00+01:00")
    assert errors(response) == {"expires_at": "That is before it was opened."}


def test_a_time_without_offset_is_of_the_zone_that_the_page_names(adder, dana, account):
    Preferences.objects.create(user=dana, time_zone="Europe/Berlin")
    assert "In Europe/Berlin, UTC+" in adder.get(ADD).content.decode()
    add(adder, account, opened_at="2026-03-01 15:30")
    assert Connection.objects.get().opened_at == datetime(2026, 3, 1, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize("when", ["2026-10-25 02:30", "2026-03-29 02:30"])
def test_a_time_at_which_the_clocks_are_changed_is_not_guessed(adder, dana, account, when):
    Preferences.objects.create(user=dana, time_zone="Europe/Berlin")
    assert "Write it with its offset" in errors(add(adder, account, opened_at=when))["opened_at"]


@pytest.mark.parametrize("again", [ID, ID.lower()])
def test_an_id_that_is_known_already_is_refused_and_leads_to_the_known_one(adder, account, make_connection, again):
    known = make_connection(connection_id=ID, device_name="Gate 3", status="stopped")
    response = add(adder, account, connection_id=again)
    assert errors(response) == {"connection_id": "This id is known already in the account “default”."}
    page = response.content.decode()
    assert f'href="/admin/connections/connection/{known.pk}/change/"' in page
    assert "imported from a file, as of" in page
    assert Connection.objects.count() == 1
    assert not AuditEvent.objects.exists()


def test_the_same_id_in_another_account_is_another_connection(adder, account, make_connection):
    make_connection(connection_id=ID)
    other = Account.objects.create(name="field-ops")
    assert add(adder, other).status_code == 302
    assert Connection.objects.filter(connection_key=ID.lower()).count() == 2


def test_one_who_may_not_add_is_refused_before_and_after(client, alice, account):
    client.force_login(alice)
    assert client.get(ADD).status_code == 403
    assert add(client, account).status_code == 403
    assert not Connection.objects.exists()


def test_one_who_may_add_but_not_see_is_refused(client, account):
    mallory = User.objects.create_user("mallory", is_staff=True)
    mallory.user_permissions.add(Permission.objects.get(codename="add_connection"))
    client.force_login(mallory)
    assert add(client, account).status_code == 403


def test_the_list_offers_it_only_to_those_who_may(client, adder, dana, make_connection):
    make_connection()
    assert ADD in adder.get("/admin/connections/connection/").content.decode()
    dana.user_permissions.clear()
    assert ADD not in client.get("/admin/connections/connection/").content.decode()


def test_an_empty_panel_offers_it(adder):
    assert ADD in adder.get("/admin/connections/connection/").content.decode()


def test_an_added_one_that_is_past_its_end_is_not_called_active(adder, account):
    page = adder.get(add(adder, account, expires_at="2026-01-01T00:00:00Z").url).content.decode()
    assert "past its end" in page
    assert "status-active" not in page
