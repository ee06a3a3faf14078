"""gunicorn's worker with threads, whose threads wait for no client.

gthread gives a connection a thread at its first byte, which then waits for the rest however long that takes: a few
clients that send a byte a second hold every thread. Here the loop that waits for new connections reads the requests,
too, and a thread gets a request when all of it has come. Each has a deadline, and each address so many connections.
"""

from __future__ import annotations

import errno
import re
import selectors
import socket
import tempfile
import time
from collections import Counter, defaultdict, deque
from functools import partial
from typing import Any

from django.conf import settings
from gunicorn.http import get_parser
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from remoteit_admin.proxies import is_trusted

HEAD_S, BODY_S = 10.0, 60.0
"""Seconds from the first byte, or the opening of the connection, to the end of the head and to that of the body."""
SEND_S = 30.0
"""Seconds for the client to take one piece of the answer."""
PER_ADDRESS = 50
"""Connections of one address to one process; those of TRUSTED_PROXIES are not counted."""
SHARE = 2
"""An address may hold one in so many threads at once: whoever reads its answers slowly holds them long."""
MAX_HEAD, MAX_BODY = 64 * 2**10, 32 * 2**20
IN_MEMORY = 256 * 2**10
"""Bytes of one request that stay in memory; the rest goes to a temporary file."""

END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
CONTINUES = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
REFUSALS = {
    408: "Request Timeout",
    411: "Length Required",
    413: "Content Too Large",
}


class Refused(Exception):
    """The status with which a request is refused that no thread will see."""


class Inbox(Unreader):  # type: ignore[misc]
    """What a client has sent of a request; gunicorn's parser reads from it as from a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.rest = b""
        self.begin()

    def begin(self) -> None:
        """Wait for the next request, which may have begun behind the last one."""
        self.started_at = time.monotonic()
        self.head, self.expected, self.received = b"", 0, 0
        self.kept = tempfile.SpooledTemporaryFile(IN_MEMORY)
        rest, self.rest = self.rest, b""
        self.take(rest)

    @property
    def deadline(self) -> float:
        return self.started_at + (BODY_S if self.expected else HEAD_S)

    @property
    def is_whole(self) -> bool:
        return bool(self.expected) and self.received >= self.expected

    def take(self, data: bytes) -> bytes:
        """Keep what has come; returns what has to be sent at once. Raises Refused."""
        answer = b""
        if not self.expected:
            self.head += data
            if END in self.head:
                answer = self._read_head()
            elif len(self.head) > MAX_HEAD:
                self.expected = len(self.head)  # the parser says what is wrong with it
            data = self.head if self.expected else b""
        room = max(self.expected - self.received, 0)
        self.kept.write(data[:room])
        self.received += len(data[:room])
        if self.expected:
            self.rest += data[room:]
        return answer

    def _read_head(self) -> bytes:
        head, _, _ = self.head.partition(END)
        head += b"\r\n"
        if CHUNKED.search(head):
            raise Refused(411)
        found = LENGTH.search(head)
        length = int(found[1]) if found else 0
        if length > MAX_BODY:
            raise Refused(413)
        self.expected = len(head) + 2 + length
        return b"HTTP/1.1 100 Continue\r\n\r\n" if length and CONTINUES.search(head) else b""

    def rewind(self) -> None:
        """From now on it is read, from its beginning."""
        self.kept.seek(0)

    def chunk(self, size_hint: int | None = None) -> bytes:
        return self.kept.read(size_hint or 8192)

    def end(self) -> None:
        self.kept.close()


class Connection(TConn):  # type: ignore[misc]
    """A connection with its inbox, counted for its address while it is open."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any, open_of: Counter[str]) -> None:
        super().__init__(cfg, sock, client, server)
        self.inbox = Inbox()
        self.parser = get_parser(cfg, iter(()), client)
        self.parser.unreader = self.inbox
        self.initialized = self.data_ready = True
        self.open_of, self.address = open_of, address_of(client)
        open_of[self.address] += 1

    def close(self, graceful: bool = False) -> None:
        self.open_of[self.address] -= 1
        self.inbox.end()
        super().close(graceful)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arriving: set[Connection] = set()
        self.open_of: Counter[str] = Counter()
        self.in_hand: Counter[str] = Counter()
        self.in_line: defaultdict[str, deque[Connection]] = defaultdict(deque)

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        if self.open_of[address_of(client)] >= PER_ADDRESS and is_limited(address_of(client)):
            sock.close()
            return
        self.nr_conns += 1
        self.wait_for(Connection(self.cfg, sock, client, listener.getsockname(), self.open_of))

    def enqueue_req(self, conn: Connection) -> None:
        """Called with a connection on which the next request begins: wait for all of it."""
        try:
            conn.inbox.end()
            conn.inbox.begin()
        except Refused as refusal:
            self.refuse(conn, refusal.args[0])
            return
        self.wait_for(conn)

    def wait_for(self, conn: Connection) -> None:
        self.arriving.add(conn)
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_arrival, conn))
        if conn.inbox.is_whole:
            self.hand_over(conn)

    def on_arrival(self, conn: Connection, sock: socket.socket) -> None:
        try:
            data = sock.recv(64 * 2**10)
            if not data:
                self.drop(conn)
                return
            if answer := conn.inbox.take(data):
                sock.send(answer)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.drop(conn)
            return
        except Refused as refusal:
            self.refuse(conn, refusal.args[0])
            return
        if conn.inbox.is_whole:
            self.hand_over(conn)

    def hand_over(self, conn: Connection) -> None:
        """Give the request, which is here in full, to a thread; or have it wait for others of its address."""
        self.arriving.discard(conn)
        self.poller.unregister(conn.sock)
        conn.inbox.rewind()
        if self.in_hand[conn.address] >= max(1, self.cfg.threads // SHARE) and is_limited(conn.address):
            self.in_line[conn.address].append(conn)
        else:
            self.begin(conn)

    def begin(self, conn: Connection) -> None:
        self.in_hand[conn.address] += 1
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Connection) -> Any:
        conn.sock.settimeout(SEND_S)
        return super().handle_request(req, conn)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        self.in_hand[conn.address] -= 1
        if line := self.in_line.get(conn.address):
            self.begin(line.popleft())
        super().finish_request(conn, fs)
        if conn.inbox.rest and conn in self.keepalived_conns:
            self.on_client_socket_readable(conn, conn.sock)

    def murder_pending(self) -> None:
        """Called every second: end what is over its deadline."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [conn for conn in self.arriving if conn.inbox.deadline < now]:
            self.refuse(conn, 408)

    def refuse(self, conn: Connection, status: int) -> None:
        words = f"HTTP/1.1 {status} {REFUSALS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        try:
            conn.sock.setblocking(False)
            conn.sock.send(words.encode())
        except OSError:
            pass  # a client that doesn't read either
        self.drop(conn)

    def drop(self, conn: Connection) -> None:
        if conn in self.arriving:
            self.arriving.discard(conn)
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


def is_limited(address: str) -> bool:
    """Not a proxy's: it buffers answers, and stands for everybody. On a unix socket there is always one."""
    return bool(address) and not is_trusted(address, settings.TRUSTED_PROXIES)


def address_of(client: Any) -> str:
    """The address of gunicorn's `client`; "" on a unix socket."""
    return str(client[0]) if isinstance(client, tuple) and client else ""
