"""The accounts in the panel: added, changed, paused; their secrets go in and never come out."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Permission, User
from django.db.models import ProtectedError
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from connections.accounts.credentials import (
    Kind,
    client_for,
    credentials_of,
    credentials_state,
    hold,
    store_credentials,
)
from connections.audit.origin import Origin
from connections.models import Account, AuditEvent, Connection, StoredCredentials
from connections.remoteit import Credentials
from connections.stops import plan

pytestmark = pytest.mark.django_db
LIST = "/admin/connections/account/"
ADD = f"{LIST}add/"
SECRET = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
ACCESS_KEY = {"kind": "access key", "access_key_id": "KEYID0123456789ABCDE", "secret_access_key": SECRET}
PASSWORD = {"kind": "password", "username": "ops@example.com", "password": "  pass word  "}
FILE = f"[default]\nR3_ACCESS_KEY_ID=FILEKEY\nR3_SECRET_ACCESS_KEY={SECRET}\nR3_DEVELOPER_API_KEY=FILEDEVKEY\n"
COMMAND = Origin("command")


@pytest.fixture(autouse=True)
def credentials_key(settings: Settings) -> None:
    settings.CREDENTIALS_KEY = Fernet.generate_key().decode()


@pytest.fixture
def nobody_in_environment(settings: Settings) -> None:
    settings.REMOTEIT_USERNAME = settings.REMOTEIT_PASSWORD = settings.REMOTEIT_DEVELOPER_KEY = ""


@pytest.fixture
def keeper(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def stored(admin_user: User) -> Account:
    """An account with an access key."""
    account = Account.objects.create(name="field-ops")
    key = Credentials(developer_key="OLDDEVKEY", access_key_id="OLDKEYID", secret_access_key=SECRET)
    store_credentials(account, key, admin_user, COMMAND)
    return account


def add(client: Client, **fields: str) -> HttpResponse:
    common = {"name": "eu-retail", "stop_call": "rest", "developer_key": "DEVKEY-1234"}
    return client.post(ADD, {**common, **fields})  # type: ignore[return-value]


def change(client: Client, account: Account, **fields: str) -> HttpResponse:
    common = {"name": account.name, "stop_call": account.stop_call, "kind": "access key"}
    return client.post(f"{LIST}{account.pk}/change/", {**common, **fields})  # type: ignore[return-value]


def errors(response: Any) -> dict[str, str]:
    assert response.status_code == 200
    return {name: " ".join(found) for name, found in response.context["form"].errors.items()}


def told(action: str) -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in AuditEvent.objects.filter(action=action).order_by("seq")]


def the_credentials(name: str = "eu-retail") -> Credentials:
    return credentials_of(Account.objects.get(name=name))


def test_an_account_with_an_access_key_is_added(keeper: Client) -> None:
    assert add(keeper, **ACCESS_KEY).status_code == 302
    assert the_credentials().access_key_id == ACCESS_KEY["access_key_id"]
    assert the_credentials().secret_access_key == SECRET
    assert the_credentials().developer_key == "DEVKEY-1234"


def test_an_account_with_a_password_is_added_and_the_password_kept_letter_for_letter(keeper: Client) -> None:
    assert add(keeper, **PASSWORD).status_code == 302
    assert (the_credentials().username, the_credentials().password) == ("ops@example.com", "  pass word  ")


def test_an_account_with_a_token_is_added(keeper: Client) -> None:
    assert add(keeper, kind="token", token="0123456789abcdef").status_code == 302
    assert the_credentials().token == "0123456789abcdef"


def test_the_text_of_a_credentials_file_is_understood(keeper: Client) -> None:
    assert add(keeper, kind="file", file=FILE, developer_key="").status_code == 302
    assert the_credentials().access_key_id == "FILEKEY"
    assert the_credentials().developer_key == "FILEDEVKEY"


def test_fields_of_another_kind_are_not_taken(keeper: Client) -> None:
    add(keeper, **{**PASSWORD, **ACCESS_KEY})
    assert the_credentials().username == ""


def test_the_history_tells_that_and_by_whom_never_what(keeper: Client) -> None:
    add(keeper, **ACCESS_KEY)
    [added], [changed] = told("account.added"), told("account.credentials_changed")
    assert (added["actor"], added["origin"], added["account"]) == ("admin", "web", "eu-retail")
    assert (changed["actor"], changed["client_ip"], changed["kind"]) == ("admin", "127.0.0.1", "access key")
    bodies = "".join(AuditEvent.objects.values_list("body", flat=True))
    assert not [value for value in (SECRET, "DEVKEY-1234", "KEYID0123456789ABCDE") if value in bodies]


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({**ACCESS_KEY, "secret_access_key": ""}, "secret_access_key", "is missing"),
        ({**ACCESS_KEY, "access_key_id": ""}, "access_key_id", "is missing"),
        ({**ACCESS_KEY, "secret_access_key": "not base64!"}, "secret_access_key", "is not base64"),
        ({**ACCESS_KEY, "access_key_id": 'a"b'}, "access_key_id", "no access key id has"),
        ({**ACCESS_KEY, "developer_key": ""}, "developer_key", "REST calls need it"),
        ({**PASSWORD, "password": ""}, "password", "is missing"),
        ({**PASSWORD, "developer_key": "a\nb"}, "developer_key", "control character"),
        ({"kind": "token"}, "token", "is missing"),
        ({"kind": "file", "file": "R3_ACCESS_KEY_ID=X"}, "file", "before any section"),
        ({"kind": "file", "file": FILE.replace(SECRET, "not base64!")}, "file", "is not base64"),
        ({"kind": "magic"}, "kind", "valid choice"),
        ({"kind": ""}, "kind", "required"),
        ({**ACCESS_KEY, "name": ""}, "name", "Give it a name."),
        ({**ACCESS_KEY, "name": "field-ops"}, "name", "There is one of this name."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    keeper: Client, stored: Account, fields: dict[str, str], field: str, says: str
) -> None:
    response = add(keeper, **fields)
    assert list(errors(response)) == [field]
    assert says in errors(response)[field]
    assert Account.objects.exclude(pk=stored.pk).filter(name="eu-retail").count() == 0


def test_an_access_key_for_graphql_alone_needs_no_developer_key(keeper: Client) -> None:
    assert add(keeper, **ACCESS_KEY, developer_key="", stop_call="graphql").status_code == 302


@pytest.mark.parametrize("key", ["", "no Fernet key"])
def test_without_a_key_to_encrypt_with_it_is_a_sentence(keeper: Client, settings: Settings, key: str) -> None:
    settings.CREDENTIALS_KEY = key
    assert "CREDENTIALS_KEY" in errors(add(keeper, **ACCESS_KEY))["__all__"]
    assert not Account.objects.filter(name="eu-retail").exists()


@pytest.mark.parametrize("fields", [{**PASSWORD, "name": ""}, {**ACCESS_KEY, "name": ""}])
def test_a_form_that_comes_back_holds_no_secret(keeper: Client, fields: dict[str, str]) -> None:
    page = add(keeper, **fields, file=FILE, token="tokentokentoken").content.decode()
    for secret in (SECRET, "pass word", "DEVKEY-1234", "tokentokentoken", "FILEDEVKEY"):
        assert secret not in page


def test_no_page_shows_what_is_stored(keeper: Client, stored: Account) -> None:
    for address in (LIST, f"{LIST}{stored.pk}/change/"):
        page = keeper.get(address).content.decode()
        assert "access key" in page
        for secret in (SECRET, "OLDDEVKEY", "OLDKEYID"):
            assert secret not in page


def test_empty_fields_keep_what_is_stored(keeper: Client, stored: Account) -> None:
    assert change(keeper, stored, stop_call="rest_graphql").status_code == 302
    stored.refresh_from_db()
    assert (stored.stop_call, the_credentials("field-ops").access_key_id) == ("rest_graphql", "OLDKEYID")
    assert told("account.changed")[0]["fields"] == ["stop_call"]
    assert len(told("account.credentials_changed")) == 1


def test_a_new_developer_key_alone_leaves_the_access_key(keeper: Client, stored: Account) -> None:
    change(keeper, stored, developer_key="NEWDEVKEY")
    assert the_credentials("field-ops").developer_key == "NEWDEVKEY"
    assert the_credentials("field-ops").access_key_id == "OLDKEYID"


def test_half_a_new_access_key_is_not_joined_to_half_an_old_one(keeper: Client, stored: Account) -> None:
    assert list(errors(change(keeper, stored, access_key_id="NEWKEYID"))) == ["secret_access_key"]


def test_another_kind_replaces_the_first_and_keeps_the_developer_key(keeper: Client, stored: Account) -> None:
    change(keeper, stored, **PASSWORD)
    assert the_credentials("field-ops") == Credentials(
        developer_key="OLDDEVKEY", username="ops@example.com", password="  pass word  "
    )


def test_a_new_password_alone_keeps_the_user_name(keeper: Client, stored: Account) -> None:
    change(keeper, stored, **PASSWORD)
    change(keeper, stored, kind="password", password="another one")
    assert (the_credentials("field-ops").username, the_credentials("field-ops").password) == (
        "ops@example.com",
        "another one",
    )


def test_nothing_changed_writes_nothing(keeper: Client, stored: Account) -> None:
    lines = AuditEvent.objects.count()
    assert "Nothing of “field-ops” was changed." in keeper.get(change(keeper, stored).url).content.decode()  # type: ignore[attr-defined]
    assert AuditEvent.objects.count() == lines


def test_new_credentials_end_a_pause_that_the_old_ones_caused(keeper: Client, stored: Account) -> None:
    Account.objects.filter(pk=stored.pk).update(paused_until="2099-01-01T00:00Z", paused_why="refused")
    change(keeper, stored, **ACCESS_KEY)
    stored.refresh_from_db()
    assert stored.paused_until is None


def test_the_default_account_says_that_it_comes_from_the_environment(keeper: Client, account: Account) -> None:
    assert "from the environment" in keeper.get(LIST).content.decode()
    assert "What you store here wins over them." in keeper.get(f"{LIST}{account.pk}/change/").content.decode()


def test_stored_credentials_win_over_the_environment(keeper: Client, account: Account) -> None:
    assert change(keeper, account, **ACCESS_KEY, developer_key="DEVKEY").status_code == 302
    assert credentials_state(account).kind == Kind.ACCESS_KEY
    page = keeper.get(f"{LIST}{account.pk}/change/").content.decode()
    assert "What is stored wins over the environment." in page


def test_the_default_account_can_be_changed_without_storing_credentials(keeper: Client, account: Account) -> None:
    assert change(keeper, account, kind="", stop_call="graphql").status_code == 302
    assert not StoredCredentials.objects.exists()


def test_the_default_account_keeps_its_name(keeper: Client, account: Account) -> None:
    change(keeper, account, name="other", kind="")
    assert Account.objects.get(pk=account.pk).name == "default"


def test_credentials_that_no_key_opens_are_said_to_be_so(keeper: Client, stored: Account, settings: Settings) -> None:
    settings.CREDENTIALS_KEY = Fernet.generate_key().decode()
    page = keeper.get(LIST).content.decode()
    assert "No key in CREDENTIALS_KEY opens the stored credentials." in page
    assert change(keeper, stored, **ACCESS_KEY, developer_key="DEVKEY").status_code == 302
    assert client_for(stored)


def test_an_empty_panel_says_what_to_do(keeper: Client, nobody_in_environment: None) -> None:
    Account.objects.all().delete()
    assert "No account yet" in keeper.get(LIST).content.decode()


def test_the_list_says_how_complete_its_list_is_and_why_not(keeper: Client, account: Account) -> None:
    assert "not listed yet" in keeper.get(LIST).content.decode()
    Account.objects.filter(pk=account.pk).update(
        listed_at="2026-01-01T10:00Z", completely_listed_at="2026-01-01T10:00Z"
    )
    assert "10:00:00, complete" in keeper.get(LIST).content.decode()
    Account.objects.filter(pk=account.pk).update(listed_at="2026-01-01T11:00Z", list_why="HTTP 504")
    page = keeper.get(LIST).content.decode()
    assert "not complete since 2026-01-01 10:00:00" in page
    assert "HTTP 504" in page


def test_it_counts_open_connections(keeper: Client, account: Account, make_connection: Any) -> None:
    make_connection()
    make_connection(status="unknown")
    make_connection(status="ended")
    assert keeper.get(LIST).context["rows"][0].open == 2


def test_an_account_is_paused_and_resumed_by_a_person(keeper: Client, account: Account) -> None:
    keeper.post(f"{LIST}{account.pk}/pause/")
    assert "by admin," in keeper.get(LIST).content.decode()
    assert Account.objects.get().held_at
    keeper.post(f"{LIST}{account.pk}/resume/")
    assert Account.objects.get().held_at is None
    assert [told(action)[0]["actor"] for action in ("account.paused", "account.resumed")] == ["admin", "admin"]


def test_pausing_twice_tells_once(keeper: Client, account: Account, admin_user: User) -> None:
    hold(account, admin_user, COMMAND)
    keeper.post(f"{LIST}{account.pk}/pause/")
    assert len(told("account.paused")) == 1


@pytest.mark.parametrize("what", ["test", "pause", "resume"])
def test_a_link_does_nothing(keeper: Client, account: Account, what: str) -> None:
    assert keeper.get(f"{LIST}{account.pk}/{what}/").status_code == 405


def test_it_can_not_be_deleted(keeper: Client, account: Account) -> None:
    assert keeper.post(f"{LIST}{account.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Account.objects.filter(pk=account.pk).exists()


def test_what_something_refers_to_is_kept_by_the_database_too(make_connection: Any, account: Account) -> None:
    make_connection()
    with pytest.raises(ProtectedError):
        account.delete()
    assert Connection.objects.exists()


NO_CREDENTIALS = "No remote.it account has credentials here"


def test_an_account_without_credentials_is_not_taken_for_one_that_can_stop(
    keeper: Client, account: Account, nobody_in_environment: None
) -> None:
    page = keeper.get("/admin/").content.decode()
    assert NO_CREDENTIALS in page
    assert "best with an access key" in page
    assert f'href="{ADD}"' in page


def test_stored_credentials_are_enough(keeper: Client, nobody_in_environment: None, stored: Account) -> None:
    assert NO_CREDENTIALS not in keeper.get("/admin/").content.decode()


def test_those_of_the_environment_are_enough(keeper: Client) -> None:
    assert NO_CREDENTIALS not in keeper.get("/admin/").content.decode()


def test_who_may_not_add_accounts_is_told_who_does(client: Client, alice: User, nobody_in_environment: None) -> None:
    client.force_login(alice)
    page = client.get("/admin/").content.decode()
    assert "An administrator adds it under “Accounts”" in page
    assert ADD not in page


def test_an_operator_sees_no_accounts(client: Client, alice: User, account: Account) -> None:
    client.force_login(alice)
    for address in (LIST, ADD, f"{LIST}{account.pk}/change/"):
        assert client.get(address).status_code == 403
    for what in ("test", "pause", "resume"):
        assert client.post(f"{LIST}{account.pk}/{what}/").status_code == 403
    assert LIST not in client.get("/admin/connections/connection/").content.decode()


def test_one_who_may_look_changes_nothing(client: Client, bob: User, account: Account) -> None:
    bob.user_permissions.add(Permission.objects.get(codename="view_account"))
    client.force_login(bob)
    page = client.get(f"{LIST}{account.pk}/change/").content.decode()
    assert "user name and password" in page
    assert 'name="password"' not in page
    assert change(client, account, **ACCESS_KEY).status_code == 403
    assert client.post(f"{LIST}{account.pk}/test/").status_code == 403
    assert client.get(ADD).status_code == 403


def test_the_navigation_leads_there_for_those_who_may(keeper: Client) -> None:
    assert re.search(rf'href="{LIST}"\s+data-key="a"', keeper.get("/admin/").content.decode())


def test_the_history_has_words_for_all_of_it(keeper: Client, stored: Account) -> None:
    change(keeper, stored, stop_call="graphql")
    keeper.post(f"{LIST}{stored.pk}/pause/")
    page = keeper.get(keeper.get(f"{LIST}{stored.pk}/history/").url).content.decode()  # type: ignore[attr-defined]
    for words in ("changed an account", "changed: stop call", "paused an account", "now of the kind: access key"):
        assert words in page


def test_a_run_says_that_a_person_paused_its_account(
    keeper: Client, admin_user: User, account: Account, make_connection: Any
) -> None:
    make_connection()
    draft = plan.draft(admin_user, Connection.objects.all(), {})
    hold(account, admin_user, COMMAND)
    confirm = keeper.get(f"/admin/connections/stoprun/{draft.key}/confirm/").content.decode()
    assert "default</bdi> is paused by a person since" in confirm
    run = plan.start(draft.key, admin_user, reason="because", ticket="", origin=COMMAND)
    page = keeper.get(f"/admin/connections/stoprun/{run.pk}/change/").content.decode()
    assert "by a person, " in page
    assert "goes on when it is resumed" in page
    assert "default paused" in keeper.get("/admin/connections/stoprun/").content.decode()


def test_what_is_stored_can_be_removed(keeper: Client, stored: Account) -> None:
    change(keeper, stored, kind="remove")
    assert not StoredCredentials.objects.exists()
    line = AuditEvent.objects.get(action="account.credentials_removed")
    assert (line.account, line.actor.username) == (stored, "admin")
    assert "has no remote.it credentials" in text_of(keeper, stored)


def test_the_default_account_then_takes_the_environment_s(keeper: Client, account: Account, admin_user: User) -> None:
    known = Credentials(developer_key="key", token="token-of-a-test")
    store_credentials(account, known, admin_user, Origin("command"))
    assert "remove what is stored, and take the environment's: user name and password" in text_of(keeper, account)
    change(keeper, account, kind="remove")
    assert "from the environment: user name and password" in text_of(keeper, account)


def test_where_nothing_is_stored_nothing_can_be_removed(keeper: Client, account: Account) -> None:
    assert "kind" in errors(change(keeper, account, kind="remove"))
    assert not AuditEvent.objects.filter(action="account.credentials_removed").exists()


def text_of(client: Client, account: Account) -> str:
    return html.unescape(client.get(f"/admin/connections/account/{account.pk}/change/").content.decode())
