"""Credentials can't be read where others look: dumps, database files, logs, error pages, exports, reprs."""

from __future__ import annotations

import io
import logging
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter, get_exception_reporter_filter
from pytest_django import Settings

from connections.accounts.credentials import client_for, credentials_of, store_credentials
from connections.audit.origin import Origin
from connections.live.read import read_list
from connections.models import Account, AuditHead, Connection, StoredCredentials
from connections.remoteit import Client as RemoteIt
from connections.remoteit import Credentials
from connections.sandbox import Sandbox
from connections.sandbox.wire.accounts import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.stops.test_drain import finish, start_run

SECRETS = {
    "developer_key": "DEVELOPER-KEY-OF-A-TEST",
    "username": "ops@example.com",
    "password": "Password-Of-A-Test",
    "token": "token-of-a-test",
    "access_key_id": "ACCESSKEYIDOFATEST",
    "secret_access_key": "c2VjcmV0IGFjY2VzcyBrZXkgb2YgYSB0ZXN0",
}
FORM = {"name": "eu-retail", "stop_call": "rest", "kind": "access key", **SECRETS, "file": "FILE-OF-A-TEST"}


@pytest.fixture
def key(settings: Settings) -> None:
    settings.CREDENTIALS_KEY = Fernet.generate_key().decode()


@pytest.fixture
def stored(key: None, admin_user: User) -> Account:
    account = Account.objects.create(name="field-ops")
    store_credentials(account, Credentials(**SECRETS), admin_user, Origin("command"))
    return account


@pytest.fixture
def keeper(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    client.raise_request_exception = False
    return client


def readable_in(text: str) -> list[str]:
    """The secrets that stand in `text`, by name."""
    return [name for name, value in SECRETS.items() if value in text]


def test_this_test_would_find_them() -> None:
    assert readable_in(str(SECRETS)) == list(SECRETS)


def test_not_in_a_dump(stored: Account) -> None:
    out = io.StringIO()
    call_command("dumpdata", "connections", stdout=out)
    assert "field-ops" in out.getvalue()
    assert "connections.storedcredentials" in out.getvalue()
    assert readable_in(out.getvalue()) == []


def test_a_dump_can_be_loaded_again(stored: Account, tmp_path: Path) -> None:
    dump = tmp_path / "dump.json"
    call_command("dumpdata", "connections.storedcredentials", output=str(dump))
    StoredCredentials.objects.all().delete()
    call_command("loaddata", str(dump), verbosity=0)
    assert credentials_of(stored) == Credentials(**SECRETS)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite's own files")
@pytest.mark.django_db(transaction=True)
def test_not_in_the_bytes_of_the_database(stored: Account) -> None:
    name = connection.settings_dict["NAME"]
    files = [file for end in ("", "-wal") if (file := Path(f"{name}{end}")).exists()]
    # By another process: to close such a file drops the locks that SQLite holds on it for all of this one, and the
    # next process to close the database would take its log away from under us.
    raw = subprocess.run(["cat", *files], stdout=subprocess.PIPE, check=True).stdout.decode("latin-1")
    assert "field-ops" in raw
    assert readable_in(raw) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["password", "access key"])
def test_not_in_logs_at_debug_level(
    key: None,
    sandbox: Sandbox,
    account: Account,
    alice: User,
    open_connections: Callable[..., list[Connection]],
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    by_password = {"username": sandbox.username, "password": sandbox.password}
    by_key = {"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY}
    given = {"developer_key": sandbox.developer_key, **(by_password if kind == "password" else by_key)}
    connection.force_debug_cursor = True  # the SQL with its values, too
    try:
        with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="django"):
            store_credentials(account, Credentials(**given), alice, Origin("command"))
            open_connections(2)
            finish(start_run(alice))
            read_list(account)
    finally:
        connection.force_debug_cursor = False
    assert "connections_storedcredentials" in caplog.text
    assert "/apv/v27" in caplog.text
    # Who signs in and with which key is told to nobody here, but is no secret: it stands in opened_by.
    secrets = [value for name, value in given.items() if name not in ("username", "access_key_id")]
    tokens = list(sandbox.server.api.accounts.tokens)
    assert [value for value in (*secrets, *tokens) if value in caplog.text] == []


@pytest.mark.parametrize("debug", [True, False])
def test_not_on_an_error_page_or_in_the_log_of_it(
    key: None, keeper: Client, settings: Settings, debug: bool, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DEBUG = debug
    AuditHead.objects.all().delete()
    with caplog.at_level(logging.DEBUG):
        response = keeper.post("/admin/connections/account/add/", FORM)
    page = response.content.decode()
    assert response.status_code == 500
    assert ("AuditHead" in page) == debug
    assert readable_in(page) == readable_in(caplog.text) == []


def test_not_on_an_error_page_of_what_was_stored_before(
    stored: Account, keeper: Client, settings: Settings, sandbox: Sandbox
) -> None:
    settings.DEBUG = True
    AuditHead.objects.all().delete()
    response = keeper.post(f"/admin/connections/account/{stored.pk}/test/")
    assert response.status_code == 500
    assert readable_in(response.content.decode()) == []


def test_not_in_what_the_environment_gives_an_error_page(settings: Settings) -> None:
    settings.DEBUG = True
    secret = "postgres://panel:hidden-word@db/panel"
    request = RequestFactory().get("/", DATABASE_URL=secret, QUEUE_URL=secret, R3_SECRET_ACCESS_KEY=secret)
    shown = get_exception_reporter_filter(request).get_safe_request_meta(request)
    assert secret not in shown.values()
    settings.REMOTEIT_PASSWORD = settings.R3_SECRET_ACCESS_KEY = secret
    page = ExceptionReporter(request, ValueError, ValueError("broken"), None).get_traceback_html()
    assert "hidden-word" not in page


def test_not_in_an_export(stored: Account, keeper: Client, capsys: pytest.CaptureFixture[str]) -> None:
    keeper.post("/admin/connections/account/add/", FORM)
    for form in ("jsonl", "csv"):
        call_command("export_audit", format=form)
    text = capsys.readouterr().out
    assert "account.credentials_changed" in text
    assert readable_in(text) == []


def test_not_in_a_repr(stored: Account) -> None:
    credentials = credentials_of(stored)
    remote: RemoteIt = client_for(stored)
    things = (credentials, credentials.signer(), remote, StoredCredentials.objects.get(), {"a": [credentials]})
    assert readable_in("".join(f"{thing!r} {thing!s}" for thing in things)) == []
