"""Accounts are tried before they are stored, can be removed, and show what they really are."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from connections.accounts.credentials import Credentials, release, store_credentials
from connections.accounts.removal import StillNeeded, remove
from connections.audit.origin import Origin
from connections.live.schedule import due_accounts
from connections.models import Account, AuditEvent, Connection, StoredCredentials
from connections.sandbox import Sandbox
from tests.support.runs import start_run

pytestmark = pytest.mark.django_db
ADD = "/admin/connections/account/add/"
LIST = "/admin/connections/account/"
COMMAND = Origin("command")


@pytest.fixture(autouse=True)
def key(settings: Settings) -> None:
    settings.CREDENTIALS_KEY = Fernet.generate_key().decode()


@pytest.fixture
def keeper(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def depots(admin_user: User) -> Account:
    account = Account.objects.create(name="depots")
    store_credentials(account, Credentials("DEV", username="ops", password="secret"), admin_user, COMMAND)
    return account


def typed(sandbox: Sandbox, password: str) -> dict[str, str]:
    facts = {"name": "eu-north", "stop_call": "rest", "developer_key": sandbox.developer_key, "kind": "password"}
    return {**facts, "username": sandbox.username, "password": password}


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def test_refused_credentials_are_not_stored(keeper: Client, sandbox: Sandbox) -> None:
    page = text(keeper.post(ADD, typed(sandbox, "wrong")))
    assert "does not take these credentials" in page
    assert 'value="eu-north"' in page
    assert not Account.objects.filter(name="eu-north").exists()
    sent, answered = AuditEvent.objects.order_by("seq")
    assert (sent.action, json.loads(sent.body)["account"]) == ("account.test_sent", "eu-north")
    assert json.loads(answered.body)["outcome"] == "refused"


def test_taken_credentials_are_stored_and_said_to_work(keeper: Client, sandbox: Sandbox) -> None:
    page = text(keeper.post(ADD, typed(sandbox, sandbox.password), follow=True))
    assert "remote.it took the credentials" in page
    assert StoredCredentials.objects.filter(account__name="eu-north").exists()


def test_without_a_clear_answer_they_are_stored_and_said_to_be_untried(
    keeper: Client, sandbox: Sandbox, settings: Settings
) -> None:
    settings.REMOTEIT_API_URL = "http://127.0.0.1:9/apv/v27"
    page = text(keeper.post(ADD, typed(sandbox, "wrong"), follow=True))
    assert "nobody knows yet whether these credentials work" in page
    assert StoredCredentials.objects.filter(account__name="eu-north").exists()


def test_a_removed_account_has_no_credentials_and_keeps_its_history(keeper: Client, depots: Account) -> None:
    assert "Remove the account" in text(keeper.get(f"{LIST}{depots.pk}/remove/"))
    page = text(keeper.post(f"{LIST}{depots.pk}/remove/", follow=True))
    assert "its credentials are destroyed, its history stays" in page
    assert "1 account was removed" in page
    depots.refresh_from_db()
    assert depots.removed_at is not None
    assert not StoredCredentials.objects.filter(account=depots).exists()
    assert AuditEvent.objects.filter(account=depots, action="account.removed").count() == 1
    assert depots not in due_accounts()
    assert "depots" not in text(keeper.get("/admin/connections/connection/import/"))
    for way in ("test", "pause", "resume", "remove"):
        assert keeper.post(f"{LIST}{depots.pk}/{way}/").status_code == 403
    assert keeper.post(f"{LIST}{depots.pk}/change/", {"name": "x"}).status_code == 403


def test_one_that_was_removed_is_not_let_go_on(depots: Account, admin_user: User) -> None:
    assert remove(depots, admin_user, COMMAND)
    assert not remove(depots, admin_user, COMMAND)
    assert not release(depots, admin_user, COMMAND)


def test_what_is_queued_has_to_end_first(
    keeper: Client, depots: Account, make_connection: Any, admin_user: User
) -> None:
    connection: Connection = make_connection(account=depots)
    start_run(admin_user, connection)
    with pytest.raises(StillNeeded, match="1 stops of it are not finished"):
        remove(depots, admin_user, COMMAND)
    assert "be removed now" in text(keeper.get(f"{LIST}{depots.pk}/remove/"))
    assert StoredCredentials.objects.filter(account=depots).exists()


def test_refused_is_not_in_use(keeper: Client, depots: Account, sandbox: Sandbox) -> None:
    keeper.post(f"{LIST}{depots.pk}/test/")
    page = text(keeper.get(LIST))
    assert "refused since" in page
    assert "are not read" in page


def test_many_that_are_read_are_one_line(keeper: Client, admin_user: User, depots: Account) -> None:
    now = timezone.now()
    for number in range(11):
        account = Account.objects.create(name=f"eu-{number:02}", listed_at=now, completely_listed_at=now)
        store_credentials(account, Credentials("DEV", username="ops", password="secret"), admin_user, COMMAND)
    page = text(keeper.get(LIST))
    assert "2 of 13 accounts are not read" in page
    assert "Read: 11 accounts" in page
