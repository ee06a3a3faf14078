"""Clients that take their time hold up nobody: a thread gets a request when all of it has come."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from gunicorn.config import Config
from pytest_django import Settings

from connections.sandbox import Sandbox
from remoteit_admin.connection import Held, holder
from remoteit_admin.inbox import BODY_S, HEAD_S, MAX_BODY, Inbox, Refused
from remoteit_admin.patient_worker import PER_ADDRESS, PatientWorker
from tests.support.panels import Panel
from tests.support.slow_clients import KINDS, PATIENCE_S, probes

PROCESSES = 2
"""That listen, as remoteit_admin/gunicorn_conf.py says."""
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
    ("line", "status"),
    [
        (b"Transfer-Encoding: chunked", 411),
        (b"Content-Length: %d" % (MAX_BODY + 1), 413),
        (b"Content-Length: " + b"9" * 19, 400),
        (b"Content-Length: 0000000000000000000034", 400),
        (b"Content-Length: 3\r\ncontent-length: 3", 400),
        (b"Content-Length : 3, 3", 400),
        (b"Content-Length: +3", 400),
        (b"Content-Length: \xb2", 400),
        (b"Content-Length:", 400),
    ],
)
def test_what_no_page_takes_is_refused_at_its_head(line: bytes, status: int) -> None:
    with pytest.raises(Refused) as refusal:
        Inbox().take(b"POST / HTTP/1.1\r\n" + line + b"\r\n\r\n")
    assert refusal.value.answer().startswith(b"HTTP/1.1 %d " % status)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Where a panel's web server listens."""
    folder = tmp_path_factory.mktemp("panel")
    database, queue = f"sqlite:///{folder}/db.sqlite3", f"sqlite:///{folder}/queue.sqlite3"
    with Sandbox(connections=0) as remoteit:
        panel = Panel(folder, remoteit, database, queue)
        panel.environment["DJANGO_SETTINGS_MODULE"] = "tests.support.static_settings"
        with panel.web() as web:
            yield "127.0.0.1", int(urlsplit(web.url).port or 0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_forty_slow_clients_hold_up_nobody(web: tuple[str, int], kind: str) -> None:
    assert [seconds for seconds in probes(web, kind) if seconds > PATIENCE_S] == []


@pytest.mark.slow
def test_what_stands_in_a_body_is_never_a_request(web: tuple[str, int]) -> None:
    inner = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: %022d\r\n\r\n" % len(inner)
    with socket.create_connection(web, timeout=30) as client:
        client.sendall(head + inner)
        answer = b"".join(iter(lambda: client.recv(2**16), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.slow
def test_half_a_head_is_answered_408_at_its_deadline(web: tuple[str, int]) -> None:
    with socket.create_connection(web, timeout=HEAD_S + 10) as client:
        client.sendall(HEAD[:40])
        assert client.recv(100).startswith(b"HTTP/1.1 408 ")


@pytest.mark.slow
def test_an_address_has_so_many_connections_and_others_theirs(web: tuple[str, int]) -> None:
    most = PER_ADDRESS * PROCESSES
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(web, "127.0.0.2")) for _ in range(most + 20)]
        time.sleep(1)
        assert len([client for client in clients if is_open(client)]) <= most
        assert asks(web, "127.0.0.3")
    assert asks(web, "127.0.0.2")


def connect(web: tuple[str, int], address: str) -> socket.socket:
    return socket.create_connection(web, timeout=5, source_address=(address, 0))


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return bool(client.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False


def asks(web: tuple[str, int], address: str) -> bool:
    with connect(web, address) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: panel\r\n\r\n")
        return client.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("address", "as_whose"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::7", "2001:db8:1:2::/64"),
        ("10.1.2.3", ""),
        ("", ""),
    ],
)
def test_connections_count_for_an_address_or_64_bits_and_not_for_a_proxy(
    settings: Settings, address: str, as_whose: str
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert holder((address, 51008) if address else b"") == as_whose


class SixThreads(PatientWorker):
    def __init__(self) -> None:
        self.cfg = Config()
        self.cfg.set("threads", 6)
        self.in_hand, self.in_line = Held(), {}


def test_an_address_holds_half_the_threads_whatever_they_do_for_it() -> None:
    worker, begun = SixThreads(), []
    for number in range(5):
        worker.take_a_thread(one := Anybody("203.0.113.7"), lambda conn, number=number: begun.append(number))
    worker.take_a_thread(Anybody("203.0.113.8"), lambda conn: begun.append(8))
    assert begun == [0, 1, 2, 8]
    for _ in range(2):
        worker.give_a_thread_back(next(iter(worker.in_hand.by["203.0.113.7"])))
    assert begun == [0, 1, 2, 8, 3, 4]
    assert (one in worker.in_hand.by["203.0.113.7"], worker.in_line) == (True, {})


class Anybody:
    def __init__(self, holder: str) -> None:
        self.holder = holder


def test_who_holds_no_connection_any_more_is_forgotten() -> None:
    held, one, other = Held(), Anybody("203.0.113.7"), Anybody("203.0.113.7")
    for conn in (one, other, Anybody("")):
        held.add(conn)
    assert (held.count("203.0.113.7"), held.count("")) == (2, 0)
    for conn in (one, other, other):
        held.discard(conn)
    assert held.by == {}
