"""Clients that send a byte a second hold up nobody: a thread gets a request when all of it has come."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from connections.sandbox import Sandbox
from remoteit_admin.patient_worker import BODY_S, HEAD_S, MAX_BODY, Inbox, Refused
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
