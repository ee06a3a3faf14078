"""Who sends much has to be signed in: a stranger's body is refused before it is kept anywhere."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from connections.sandbox import Sandbox
from connections.web.session_end import SEEN
from connections.web.signed_in import is_signed_in
from remoteit_admin.inbox import SMALL_BODY, Inbox
from tests.support.panels import PASSWORD, Panel, Web
from tests.web.test_bad_requests import connections_kept

IMPORT = "/admin/connections/connection/import/"
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def test_a_small_body_may_come_at_once() -> None:
    inbox = Inbox()
    assert inbox.take(HEAD % SMALL_BODY) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert not inbox.needs_session


def test_a_large_one_waits_until_it_is_allowed() -> None:
    inbox = Inbox()
    assert inbox.take(HEAD % (SMALL_BODY + 1)) == b""
    assert inbox.needs_session
    assert inbox.allow() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert not inbox.needs_session


def head_with(key: str) -> bytes:
    name = django_settings.SESSION_COOKIE_NAME
    return f"POST / HTTP/1.1\r\nHost: x\r\nCOOKIE: a=b; {name}={key}\r\nCookie: c=d\r\n\r\n".encode()


@pytest.fixture
def key(client: Client, alice: User) -> str:
    client.force_login(alice)
    return client.cookies[django_settings.SESSION_COOKIE_NAME].value


def asked(head: bytes) -> bool:
    with connections_kept():
        return is_signed_in(head)


def test_who_is_signed_in_is_told_by_the_head(key: str) -> None:
    assert asked(head_with(key))


@pytest.mark.django_db
@pytest.mark.parametrize("head", [head_with("x" * 32), head_with(""), b"POST / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_any_other_is_a_stranger(head: bytes) -> None:
    assert not asked(head)


def test_so_is_who_was_away_too_long_or_may_not_sign_in(
    key: str, client: Client, alice: User, settings: Settings
) -> None:
    session = client.session
    session[SEEN] = int((timezone.now() - timedelta(seconds=settings.SESSION_IDLE_SECONDS)).timestamp())
    session.save()
    assert not asked(head_with(key))
    client.force_login(alice)
    key = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    assert asked(head_with(key))
    User.objects.update(is_active=False)
    assert not asked(head_with(key))


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("panel")
    database, queue = f"sqlite:///{folder}/db.sqlite3", f"sqlite:///{folder}/queue.sqlite3"
    with Sandbox(connections=0) as remoteit, Panel(folder, remoteit, database, queue).web() as web:
        yield web


@pytest.mark.slow
def test_a_stranger_who_sends_much_reads_why_not(web: Web) -> None:
    answer = requests.post(f"{web.url}/admin/login/", b"a" * 2**20, timeout=30)
    assert (answer.status_code, answer.text) == (413, "Sign in first: else a request may hold 64 KB at most.\n")


@pytest.mark.slow
def test_none_of_a_strangers_large_body_is_waited_for(web: Web) -> None:
    with socket.create_connection(("127.0.0.1", int(urlsplit(web.url).port or 0)), timeout=30) as client:
        client.sendall(HEAD % 2**20)
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.slow
def test_who_is_signed_in_sends_a_file(web: Web) -> None:
    with requests.Session() as browser:
        sent(browser, f"{web.url}/admin/login/", {"username": "admin", "password": PASSWORD})
        csv = b"device_address,connection_id\n" + b"80:00:00:00:01:00:40:C5,A481EBED-C678-4DA4-60D2-60F1FE8EB5DA\n"
        answer = sent(browser, f"{web.url}{IMPORT}", {}, files={"file": ("kiosks.csv", csv + b"\n" * 5 * 2**20)})
        assert answer.url != f"{web.url}{IMPORT}", answer.text
        assert answer.ok


def sent(browser: requests.Session, url: str, form: dict[str, str], **files: object) -> requests.Response:
    (token, *_) = TOKEN.findall(browser.get(url, timeout=30).text)
    return browser.post(url, {**form, "csrfmiddlewaretoken": token}, timeout=30, **files)
