"""“Test connection”: what works and what does not, in words, with nothing stopped and every call told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from connections.accounts.credentials import store_credentials
from connections.audit.origin import Origin
from connections.models import Account, AuditEvent, Connection
from connections.remoteit import Credentials
from connections.sandbox import FaultRule, Sandbox
from connections.sandbox.wire.accounts import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.conftest import open_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(client: Client, admin_user: User, settings: Settings) -> Client:
    settings.CREDENTIALS_KEY = Fernet.generate_key().decode()
    client.force_login(admin_user)
    return client


@pytest.fixture
def with_access_key(keeper: Client, sandbox: Sandbox, account: Account, admin_user: User) -> Account:
    key = Credentials(sandbox.developer_key, access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY)
    store_credentials(account, key, admin_user, Origin("command"))
    return account


def run_test(client: Client, account: Account) -> tuple[dict[str, str], str]:
    """State and sentence of each step, by its name; and the page."""
    response = client.post(f"/admin/connections/account/{account.pk}/test/")
    steps = response.context["steps"]
    return {step.name: step.state for step in steps}, " ".join(response.content.decode().split())


def told(action: str) -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in AuditEvent.objects.filter(action=action).order_by("seq")]


def test_what_works_is_said_to_work(keeper: Client, sandbox: Sandbox, account: Account) -> None:
    sandbox.call(open_in, sandbox.server.world, 3)
    states, page = run_test(keeper, account)
    assert states == {"Sign in": "stopped", "List connections": "stopped", "Stop a connection": "unverified"}
    assert "remote.it took user name and password." in page
    assert "The list is complete: 3 open proxy connections" in page
    assert "be known without stopping one." in page


def test_an_access_key_is_tried_by_a_signed_request(keeper: Client, with_access_key: Account) -> None:
    states, page = run_test(keeper, with_access_key)
    assert states["Sign in"] == states["List connections"] == "stopped"
    assert "signed with the access key" in page


def test_nothing_is_stopped_and_no_record_changes(keeper: Client, sandbox: Sandbox, account: Account) -> None:
    sandbox.call(open_in, sandbox.server.world, 3)
    run_test(keeper, account)
    assert len(sandbox.world.rows("open")) == 3
    assert not Connection.objects.exists()
    account.refresh_from_db()
    assert account.listed_at is None


def test_a_wrong_password_is_tried_once_and_not_again_by_the_list(
    keeper: Client, sandbox: Sandbox, account: Account, settings: Settings
) -> None:
    settings.REMOTEIT_PASSWORD = "wrong"
    states, page = run_test(keeper, account)
    assert states == {"Sign in": "refused", "List connections": "unverified", "Stop a connection": "refused"}
    assert "“[0102] The username or password is invalid”" in page
    assert len(sandbox.log.lines().splitlines()) == 1


@pytest.mark.parametrize("code", ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"])
def test_a_login_with_two_factors_is_told_to_use_an_access_key(
    keeper: Client, sandbox: Sandbox, account: Account, code: str
) -> None:
    sandbox.set(mfa=code)
    states, page = run_test(keeper, account)
    assert states["Sign in"] == "refused"
    assert "use an access key instead" in page
    assert code in page


def test_a_wrong_secret_is_told(keeper: Client, sandbox: Sandbox, account: Account, admin_user: User) -> None:
    key = Credentials(sandbox.developer_key, access_key_id=ACCESS_KEY_ID, secret_access_key="AAAA")
    store_credentials(account, key, admin_user, Origin("command"))
    states, _page = run_test(keeper, account)
    assert states == {"Sign in": "refused", "List connections": "incomplete", "Stop a connection": "refused"}


def test_without_a_developer_key_graphql_works_and_rest_does_not(
    keeper: Client, sandbox: Sandbox, account: Account, admin_user: User
) -> None:
    key = Credentials(access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY)
    store_credentials(account, key, admin_user, Origin("command"))
    states, page = run_test(keeper, account)
    assert states == {"Sign in": "refused", "List connections": "stopped", "Stop a connection": "refused"}
    assert "api key failed validation" in page
    Account.objects.update(stop_call="graphql")
    assert run_test(keeper, account)[0]["Stop a connection"] == "unverified"


@pytest.mark.parametrize("kind", ["503", "errors_too", "null_sessions", "truncated"])
def test_a_list_that_does_not_come_whole_is_no_list(
    keeper: Client, sandbox: Sandbox, account: Account, kind: str
) -> None:
    sandbox.faults.add(FaultRule(kind, path="graphql/v1"))
    states, page = run_test(keeper, account)
    assert (states["Sign in"], states["List connections"]) == ("stopped", "incomplete")
    assert "No complete list came" in page
    assert told("account.test_answered")[1]["outcome"] == "incomplete"


def test_a_host_that_is_not_there_leaves_the_credentials_open(
    keeper: Client, account: Account, settings: Settings
) -> None:
    settings.REMOTEIT_API_URL = "http://127.0.0.1:9/apv/v27"
    states, page = run_test(keeper, account)
    assert states["Sign in"] == "incomplete"
    assert "host refused the connection" in page


def test_without_credentials_nothing_is_sent(keeper: Client, settings: Settings, db: None) -> None:
    account = Account.objects.create(name="field-ops")
    page = keeper.post(f"/admin/connections/account/{account.pk}/test/").content.decode()
    assert "has no remote.it credentials" in page
    assert not AuditEvent.objects.exists()


def test_every_call_has_its_line_before_and_after(keeper: Client, sandbox: Sandbox, account: Account) -> None:
    run_test(keeper, account)
    lines = [(json.loads(event.body)["part"], event.action) for event in AuditEvent.objects.order_by("seq")]
    assert lines == [
        ("sign_in", "account.test_sent"),
        ("sign_in", "account.test_answered"),
        ("list", "account.test_sent"),
        ("list", "account.test_answered"),
    ]
    assert {line["actor"] for line in told("account.test_answered")} == {"admin"}


def test_the_history_page_has_words_for_it(keeper: Client, sandbox: Sandbox, account: Account) -> None:
    run_test(keeper, account)
    page = keeper.get("/admin/connections/auditevent/").content.decode()
    assert "ested whether remote.it lists connections" in page
    assert "Remote.it took the credentials that were tested" in page
