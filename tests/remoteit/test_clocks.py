"""A clock that is off is named, wherever its consequences would be taken for something else."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.test import Client as Browser
from pytest_django import Settings

from connections.accounts.credentials import store_credentials
from connections.audit.origin import Origin
from connections.live.read import read_list
from connections.models import Account
from connections.remoteit import Cause, Client, Credentials, Login
from connections.remoteit.clocks import FARTHEST_S, is_off, said, seconds_off
from connections.sandbox import Sandbox
from connections.sandbox.wire.accounts import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from connections.stops.worker.sign_in import _why
from connections.web import health
from tests.support.rawserver import RawServer, answer

HOUR = 3600
NOW = 1_790_000_000.0


def date(at: float) -> str:
    return formatdate(at, usegmt=True)


@pytest.mark.parametrize(
    ("header", "age", "asked_at", "answered_at", "off"),
    [
        (date(NOW), None, NOW, NOW + 0.2, 0),
        (date(NOW), None, NOW + 0.9, NOW + 0.99, 0),
        (date(NOW), None, NOW - 10, NOW + 10, 0),
        (date(NOW), None, NOW - 20, NOW, 0),  # it took 20 s, and may have been written at their end
        (date(NOW), None, NOW + 400, NOW + 400.2, 400),
        (date(NOW), None, NOW - 400, NOW - 399.8, -400),
        (date(NOW), None, NOW + 400, NOW + 410, 404),
        (date(NOW).replace("GMT", "-0000"), None, NOW + 60, NOW + 60, 60),
        (date(NOW), "12", NOW + 400, NOW + 400, None),  # out of a cache
        (None, None, NOW, NOW, None),
        ("yesterday", None, NOW, NOW, None),
        ("", None, NOW, NOW, None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None, NOW, NOW, -FARTHEST_S),
        (date(0), None, NOW, NOW, FARTHEST_S),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None, NOW, NOW, None),
    ],
)
def test_the_middle_of_a_call_is_compared_with_its_answers_date(
    header: str | None, age: str | None, asked_at: float, answered_at: float, off: int | None
) -> None:
    assert seconds_off(header, age, asked_at, answered_at) == off


def test_seconds_of_a_call_s_own_time_are_not_worth_saying() -> None:
    assert [is_off(one) for one in (None, 0, 29, -29, 30, -30)] == [False] * 4 + [True] * 2
    assert said(29) == ""
    assert said(400) == "this machine's clock is 400 seconds ahead of remote.it's"
    assert said(-400) == "this machine's clock is 400 seconds behind remote.it's"


def test_sign_ins_probes_and_lists_tell_by_how_much(settings: Settings) -> None:
    no = {"status": "false", "reason": "no"}
    with RawServer(*(answer("403 Forbidden", no, f"Date: {date(0)}") for _ in range(2))) as server:
        url = server.url.replace("apv/v27", "graphql/v1")
        credentials = Credentials(developer_key="developer-key", token="session-token")
        with Client(server.url, credentials, concurrency=1, connect_timeout=5, read_timeout=5, graphql_url=url) as one:
            assert one.probe().clock_off_s == FARTHEST_S
            assert one.read_sessions().clock_off_s == FARTHEST_S


@pytest.fixture
def signed(sandbox: Sandbox, account: Account, admin_user: User, settings: Settings) -> Account:
    """An account with an access key, whose API is an hour ahead."""
    settings.CREDENTIALS_KEY = Fernet.generate_key().decode()
    key = Credentials(sandbox.developer_key, access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY)
    store_credentials(account, key, admin_user, Origin("command"))
    sandbox.set(clock_ahead_s=HOUR)
    return account


def words(page: Any) -> str:
    return " ".join(page.content.decode().replace("&#x27;", "'").replace("&#39;", "'").split())


@pytest.mark.django_db
def test_a_test_names_the_clock_and_not_the_credentials(client: Browser, admin_user: User, signed: Account) -> None:
    client.force_login(admin_user)
    page = words(client.post(f"/admin/connections/account/{signed.pk}/test/"))
    assert "seconds behind remote.it's." in page
    assert "remote.it refused the signed request. With this clock it may do so whatever the access key" in page
    assert "remote.it does not take these credentials" not in page


@pytest.mark.django_db
def test_with_a_right_clock_refused_credentials_are_called_so(
    client: Browser, admin_user: User, signed: Account, sandbox: Sandbox
) -> None:
    sandbox.set(clock_ahead_s=0)
    wrong = Credentials(sandbox.developer_key, access_key_id=ACCESS_KEY_ID, secret_access_key="d3Jvbmc=")
    store_credentials(signed, wrong, admin_user, Origin("command"))
    client.force_login(admin_user)
    page = words(client.post(f"/admin/connections/account/{signed.pk}/test/"))
    assert "remote.it does not take these credentials" in page
    assert "clock is" not in page


@pytest.mark.django_db
def test_the_account_its_list_and_the_health_name_the_clock(
    client: Browser, admin_user: User, signed: Account, sandbox: Sandbox
) -> None:
    assert health.parts()["clock"] == "ok"
    reading = read_list(signed)
    assert "seconds behind remote.it's, and a signed request may be refused for that alone" in reading.why
    signed.refresh_from_db()
    assert -HOUR - 5 < (signed.clock_off_s or 0) < -HOUR + 5
    assert "seconds behind remote.it's. (list of" in health.parts()["clock"]
    client.force_login(admin_user)
    for path in ("/admin/connections/account/", f"/admin/connections/account/{signed.pk}/change/"):
        assert "seconds behind remote.it's." in words(client.get(path))
    sandbox.set(clock_ahead_s=0)
    assert read_list(signed).complete
    assert health.parts()["clock"] == "ok"
    assert "clock is" not in words(client.get("/admin/connections/account/"))


@pytest.mark.django_db
def test_an_old_list_says_nothing_of_the_clock_of_now(signed: Account) -> None:
    Account.objects.update(clock_off_s=HOUR, listed_at="2026-01-01T00:00Z")
    assert health.parts()["clock"] == "ok"


def test_a_pause_after_refused_credentials_names_the_clock() -> None:
    refused = Login(False, Cause.CREDENTIALS, 403, "Unauthorized", 5, clock_off_s=400)
    assert _why(refused) == (
        "remote.it refused the credentials, and this machine's clock is 400 seconds ahead of remote.it's: Unauthorized"
    )


def test_the_sandbox_can_be_ahead(sandbox: Sandbox) -> None:
    sandbox.set(clock_ahead_s=HOUR)
    credentials = Credentials(sandbox.developer_key, username=sandbox.username, password=sandbox.password)
    with Client(sandbox.url, credentials, concurrency=1, connect_timeout=5, read_timeout=5) as one:
        login = one.login()
    assert login.accepted
    assert abs((login.clock_off_s or 0) + HOUR) < 5
