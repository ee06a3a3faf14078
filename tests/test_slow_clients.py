"""Clients that send a byte a second hold up nobody: a thread gets a request when all of it has come."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from pytest_django import Settings

from connections.sandbox import Sandbox
from remoteit_admin.patient_worker import BODY_S, HEAD_S, MAX_BODY, Inbox, Refused, is_limited
from tests.panels import Panel

HEAD = b"POST /admin/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"


def test_a_request_is_whole_when_its_last_byte_has_come() -> None:
    inbox = Inbox()
    for byte in HEAD + b"ab":
        assert inbox.take(bytes([byte])) == b""
        assert not inbox.is_whole
    inbox.take(b"cGET /")
    assert inbox.is_whole
    assert (inbox.received, inbox.rest) == (len(HEAD) + 3, b"GET /")
    inbox.rewind()
    assert inbox.read(len(HEAD) + 3) == HEAD + b"abc"
    inbox.begin()
    assert (inbox.head, inbox.is_whole) == (b"GET /", False)


def test_head_and_body_have_a_deadline() -> None:
    inbox = Inbox()
    assert inbox.deadline == inbox.started_at + HEAD_S
    inbox.take(HEAD)
    assert inbox.deadline == inbox.started_at + BODY_S


@pytest.mark.parametrize(
    ("line", "status"), [(b"Transfer-Encoding: chunked", 411), (b"Content-Length: %d" % (MAX_BODY + 1), 413)]
)
def test_what_no_page_takes_is_refused_at_its_head(line: bytes, status: int) -> None:
    with pytest.raises(Refused) as refusal:
        Inbox().take(b"POST / HTTP/1.1\r\n" + line + b"\r\n\r\n")
    assert refusal.value.args == (status,)


@pytest.mark.slow
def test_forty_slow_clients_hold_up_nobody(tmp_path: Path) -> None:
    database, queue = f"sqlite:///{tmp_path}/db.sqlite3", f"sqlite:///{tmp_path}/queue.sqlite3"
    with Sandbox(connections=0) as remoteit, Panel(tmp_path, remoteit, database, queue).web() as web:
        ends = time.monotonic() + 15
        address = ("127.0.0.1", int(urlsplit(web.url).port or 0))
        for number in range(40):
            sent = HEAD.replace(b"3", b"500") if number % 2 else HEAD[:40]
            threading.Thread(target=drip, args=(address, sent, ends), daemon=True).start()
        time.sleep(2)
        while time.monotonic() < ends:
            assert requests.get(f"{web.url}/healthz", timeout=3).ok
            time.sleep(0.5)


@pytest.mark.slow
def test_forty_slow_readers_hold_up_nobody_else(tmp_path: Path) -> None:
    """They ask for more than the kernel's buffers hold and take a few bytes a second, from another address."""
    database, queue = f"sqlite:///{tmp_path}/db.sqlite3", f"sqlite:///{tmp_path}/queue.sqlite3"
    with Sandbox(connections=0) as remoteit, Panel(tmp_path, remoteit, database, queue).web() as web:
        ends = time.monotonic() + 15
        address = ("127.0.0.1", int(urlsplit(web.url).port or 0))
        for _ in range(40):
            threading.Thread(target=sip, args=(address, ends), daemon=True).start()
        time.sleep(2)
        while time.monotonic() < ends:
            assert requests.get(f"{web.url}/healthz", timeout=3).ok
            time.sleep(0.5)


@pytest.mark.slow
def test_half_a_head_is_answered_408_at_its_deadline(tmp_path: Path) -> None:
    database, queue = f"sqlite:///{tmp_path}/db.sqlite3", f"sqlite:///{tmp_path}/queue.sqlite3"
    with Sandbox(connections=0) as remoteit, Panel(tmp_path, remoteit, database, queue).web() as web:
        with socket.create_connection(("127.0.0.1", int(urlsplit(web.url).port or 0)), timeout=HEAD_S + 10) as client:
            client.sendall(HEAD[:40])
            assert client.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_proxy_s_connections_are_not_limited(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert [is_limited(address) for address in ("203.0.113.7", "10.1.2.3", "")] == [True, False, False]


def sip(address: tuple[str, int], ends: float) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.settimeout(3)
        client.bind(("127.0.0.2", 0))
        client.connect(address)
        client.sendall(b"GET /admin/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 1000)
        while time.monotonic() < ends:
            with contextlib.suppress(OSError):
                client.recv(64)
            time.sleep(1)


def drip(address: tuple[str, int], first: bytes, ends: float) -> None:
    while time.monotonic() < ends:
        try:
            with socket.create_connection(address, timeout=2) as client:
                client.sendall(first)
                while time.monotonic() < ends:
                    client.sendall(b"a")
                    time.sleep(1)
        except OSError:
            time.sleep(0.2)
