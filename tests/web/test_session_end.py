"""A session that nobody uses ends, and one that is used ends too, later. What the browser is told beside."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from connections.models import AuditEvent
from connections.web import session_end
from tests.support.commands import ROOT

HOUR = 3600
PAGE = "/admin/preferences/"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(session_end, "time", clock)
    return clock


@pytest.fixture
def signed_in(client: Client, alice: User, clock: Clock) -> Client:
    client.force_login(alice)
    assert client.get(PAGE).status_code == 200
    return client


def test_a_session_ends_when_nobody_uses_it(signed_in: Client, clock: Clock, settings: Settings) -> None:
    clock.now += settings.SESSION_IDLE_SECONDS - 1
    assert signed_in.get(PAGE).status_code == 200
    clock.now += settings.SESSION_IDLE_SECONDS
    assert signed_in.get(PAGE).url.startswith("/admin/login/")
    assert not AuditEvent.objects.filter(action="user.signed_out").exists()


def test_a_session_ends_however_much_it_is_used(signed_in: Client, clock: Clock, settings: Settings) -> None:
    settings.SESSION_IDLE_SECONDS = settings.SESSION_COOKIE_AGE // 3
    begun, used = clock.now, 0
    while signed_in.get(PAGE).status_code == 200:
        clock.now += settings.SESSION_IDLE_SECONDS - 60
        used += 1
        assert used < 100
    assert clock.now - begun >= settings.SESSION_COOKIE_AGE


def test_a_page_that_asks_every_second_writes_once_a_minute(
    signed_in: Client, clock: Clock, django_assert_max_num_queries: object
) -> None:
    before = signed_in.session[session_end.SEEN]
    clock.now += 5
    signed_in.get(PAGE)
    assert signed_in.session[session_end.SEEN] == before
    clock.now += 60
    signed_in.get(PAGE)
    assert signed_in.session[session_end.SEEN] > before


def test_every_answer_says_what_the_page_may_not_do(client: Client, db: None) -> None:
    answer = client.get("/admin/login/")
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_no_script_reads_a_cookie(client: Client, db: None) -> None:
    client.get("/admin/login/")
    assert client.cookies["csrftoken"]["httponly"]


def names_of_cookies(**environment: str) -> dict[str, object]:
    """The settings of cookies in a process of its own."""
    code = (
        "import json; from remoteit_admin import settings as s; "
        "print(json.dumps([s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "ALLOWED_HOSTS": "panel.example", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def test_under_https_cookies_belong_to_this_host_alone() -> None:
    assert names_of_cookies(USE_HTTPS="on") == ["__Host-sessionid", "__Host-csrftoken", True]


def test_two_panels_on_one_host_have_cookies_of_their_own() -> None:
    told = names_of_cookies(USE_HTTPS="on", COOKIE_PREFIX="blue_")
    assert told == ["__Host-blue_sessionid", "__Host-blue_csrftoken", True]
    told = names_of_cookies(USE_HTTPS="off", COOKIE_PREFIX="blue_", ALLOWED_HOSTS="127.0.0.1")
    assert told == ["blue_sessionid", "blue_csrftoken", False]


def test_a_prefix_that_is_no_name_is_refused() -> None:
    assert "COOKIE_PREFIX" in str(names_of_cookies(USE_HTTPS="on", COOKIE_PREFIX="a;b"))
