"""The key that encrypts credentials is changed while the panel goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from connections.accounts.credentials import NoCredentials, credentials_of, store_credentials
from connections.audit.origin import Origin
from connections.models import Account, AuditEvent, Connection, StopRun, StoredCredentials
from connections.models.door.factors import CodeApp
from connections.remoteit import Credentials
from connections.sandbox import Sandbox
from tests.support.commands import manage
from tests.support.runs import start_run
from tests.support.workers import worker

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
CREDENTIALS = Credentials(developer_key="DEVKEY", token="a-token-of-some-length")


@dataclass
class Place:
    """Where a worker is led to."""

    environment: dict[str, str]


def raw() -> list[bytes]:
    """What stands in the database."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute('SELECT "values" FROM connections_storedcredentials ORDER BY id')
        return [bytes(row[0]) for row in cursor.fetchall()]


def store(name: str, user: User) -> Account:
    account = Account.objects.create(name=name)
    store_credentials(account, CREDENTIALS, user, Origin("command"))
    return account


@pytest.fixture
def field_ops(settings: Settings, admin_user: User) -> Account:
    """An account whose credentials were written with the old key."""
    settings.CREDENTIALS_KEY = OLD
    return store("field-ops", admin_user)


def test_the_key_is_changed_without_a_moment_in_which_nothing_can_be_read(
    settings: Settings, field_ops: Account
) -> None:
    settings.CREDENTIALS_KEY = f"{NEW},{OLD}"
    assert credentials_of(field_ops) == CREDENTIALS
    call_command("rotate_credentials")
    assert credentials_of(field_ops) == CREDENTIALS
    settings.CREDENTIALS_KEY = NEW
    assert credentials_of(field_ops) == CREDENTIALS


def test_afterwards_the_old_key_opens_nothing(settings: Settings, field_ops: Account) -> None:
    settings.CREDENTIALS_KEY = f"{NEW},{OLD}"
    call_command("rotate_credentials")
    settings.CREDENTIALS_KEY = OLD
    with pytest.raises(NoCredentials):
        credentials_of(field_ops)


def test_workers_sign_in_no_second_time_for_it(settings: Settings, field_ops: Account) -> None:
    before = list(Account.objects.order_by("pk").values())
    settings.CREDENTIALS_KEY = f"{NEW},{OLD}"
    call_command("rotate_credentials")
    assert list(Account.objects.order_by("pk").values()) == before


def test_the_history_names_the_account_and_the_system_user(settings: Settings, field_ops: Account) -> None:
    settings.CREDENTIALS_KEY = f"{NEW},{OLD}"
    call_command("rotate_credentials")
    body = json.loads(AuditEvent.objects.get(action="account.credentials_rotated").body)
    assert (body["account"], body["origin"]) == ("field-ops", "command")
    assert body["system_user"]


def test_one_that_no_key_opens_leaves_all_as_they_are(settings: Settings, field_ops: Account, admin_user: User) -> None:
    settings.CREDENTIALS_KEY = NEW
    store("eu-retail", admin_user)
    before, lines = raw(), AuditEvent.objects.count()
    with pytest.raises(CommandError, match=r"opens the credentials of: field-ops\. Nothing was changed\.") as error:
        call_command("rotate_credentials")
    assert error.value.returncode == 1
    assert (raw(), AuditEvent.objects.count()) == (before, lines)


@pytest.mark.parametrize("key", ["", "no Fernet key"])
def test_without_a_usable_key_it_is_wrong_use(settings: Settings, field_ops: Account, key: str) -> None:
    before = raw()
    settings.CREDENTIALS_KEY = key
    with pytest.raises(CommandError, match="CREDENTIALS_KEY") as error:
        call_command("rotate_credentials")
    assert error.value.returncode == 2
    assert raw() == before


@pytest.mark.django_db
def test_with_nothing_stored_it_is_done_at_once(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.CREDENTIALS_KEY = NEW
    call_command("rotate_credentials")
    assert "0 accounts" in capsys.readouterr().out
    assert not StoredCredentials.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_exit_codes_are_those_of_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_KEY", NEW)
    assert manage("rotate_credentials").returncode == 0
    monkeypatch.setenv("CREDENTIALS_KEY", "")
    done = manage("rotate_credentials")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keys", [f"{NEW},{OLD}", f"{OLD},{NEW}"], ids=["new first", "old first"])
def test_workers_go_on_while_the_key_is_changed(
    settings: Settings, admin_user: User, sandbox: Sandbox, account: Account, open_connections: Any, keys: str
) -> None:
    settings.CREDENTIALS_KEY = OLD
    own = Credentials(sandbox.developer_key, username=sandbox.username, password=sandbox.password)
    store_credentials(account, own, admin_user, Origin("command"))
    open_connections(40)
    sandbox.set(latency_ms=100)
    environment = {**sandbox.environment, "REMOTEIT_PASSWORD": "", "STOP_CONCURRENCY": "4"}
    with worker(Place({**environment, "CREDENTIALS_KEY": keys})):  # type: ignore[arg-type]
        run = start_run(admin_user, *Connection.objects.all())
        while not run.items.filter(state="stopped").exists():
            pass
        settings.CREDENTIALS_KEY = f"{NEW},{OLD}"
        call_command("rotate_credentials")
        assert run.items.exclude(state="stopped").exists()
        # What somebody stores now is written with the new key, and the worker has to make a new client from it.
        store_credentials(account, own, admin_user, Origin("command"))
        wait_for(run)
    settings.CREDENTIALS_KEY = NEW
    assert credentials_of(account) == own
    open_connections(3)
    with worker(Place({**environment, "CREDENTIALS_KEY": NEW})):  # type: ignore[arg-type]
        wait_for(start_run(admin_user, *Connection.objects.stoppable()))


def wait_for(run: StopRun) -> None:
    """Until all of it is stopped, without a pause for want of credentials."""
    while run.items.exclude(state="stopped").exists():
        assert not Account.objects.exclude(paused_why="").exists()


def test_whatever_is_encrypted_in_the_database_is_encrypted_anew(
    settings: Settings, field_ops: Account, admin_user: User
) -> None:
    CodeApp.objects.create(user=admin_user, secret="JBSWY3DPEHPK3PXP")
    settings.CREDENTIALS_KEY = f"{NEW},{OLD}"
    call_command("rotate_credentials")
    settings.CREDENTIALS_KEY = NEW
    assert CodeApp.objects.get().secret == "JBSWY3DPEHPK3PXP"
