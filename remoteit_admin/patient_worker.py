"""gunicorn's worker with threads, whose threads wait for no client.

gthread gives a connection a thread at its first byte, which then waits for the rest however long that takes: a few
clients that send a byte a second hold every thread. Here the loop that waits for new connections reads the requests,
too, and a thread gets a request when all of it has come. Each has a deadline, and each address so many connections.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from gunicorn.workers.gthread import ThreadWorker

from remoteit_admin.connection import Connection, Held, holder
from remoteit_admin.inbox import SMALL_BODY, Refused

SEND_S = 30.0
"""Seconds for the client to take one piece of the answer."""
CLOSING_S = 2.0
"""Seconds for a client to read the last answer and to close, while what it still sends is thrown away."""
PER_ADDRESS = 50
"""Connections of one address to one process; those of TRUSTED_PROXIES are not counted."""
SHARE = 2
"""An address may hold one in so many threads at once: whoever reads its answers slowly holds them long."""


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting: set[Connection] = set()
        self.open_now, self.in_hand = Held(), Held()
        self.in_line: dict[str, deque[tuple[Connection, Callable[[Connection], Any]]]] = {}

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        if self.open_now.count(holder(client)) >= PER_ADDRESS:
            sock.close()
            return
        self.nr_conns += 1
        self.wait_for(Connection(self, sock, client, listener.getsockname()))

    def enqueue_req(self, conn: Connection) -> None:
        """Called with a connection on which the next request begins: wait for all of it."""
        try:
            conn.inbox.end()
            conn.inbox.begin()
        except Refused as refusal:
            self.refuse(conn, refusal)
            return
        self.wait_for(conn)

    def wait_for(self, conn: Connection) -> None:
        self.listen(conn, self.on_arrival)
        self.go_on(conn)

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
            self.refuse(conn, refusal)
            return
        self.go_on(conn)

    def go_on(self, conn: Connection) -> None:
        if conn.inbox.needs_session:
            self.look_who_sends(conn)
        elif conn.inbox.is_whole:
            self.hand_over(conn)

    def look_who_sends(self, conn: Connection) -> None:
        """Have a thread, which may ask the database, look whose large request this is. Until then it waits."""
        self.stop_listening(conn)
        self.take_a_thread(conn, self.look)

    def look(self, conn: Connection) -> None:
        asked = self.tpool.submit(is_signed_in, conn.inbox.head)
        asked.add_done_callback(partial(self.method_queue.defer, self.on_known, conn))

    def on_known(self, conn: Connection, asked: Future[bool]) -> None:
        self.give_a_thread_back(conn)
        try:
            if not asked.result():
                raise Refused(413, _("Sign in first: else a request may hold %d KB at most.") % (SMALL_BODY // 2**10))
            if answer := conn.inbox.allow():
                conn.sock.send(answer)
        except Refused as refusal:
            self.refuse(conn, refusal)
        except OSError:
            self.drop(conn)
        except Exception:
            self.log.exception("Nobody can tell who sends a large request.")
            self.refuse(conn, Refused(503, _("The panel can't see who is signed in. Try again later.")))
        else:
            self.wait_for(conn)

    def hand_over(self, conn: Connection) -> None:
        """Give the request, which is here in full, to a thread."""
        self.stop_listening(conn)
        conn.inbox.rewind()
        self.take_a_thread(conn, super().enqueue_req)

    def take_a_thread(self, conn: Connection, work: Callable[[Connection], Any]) -> None:
        """Have a thread do `work`; or have the connection wait for others of its address."""
        if self.in_hand.count(conn.holder) >= max(1, self.cfg.threads // SHARE):
            self.in_line.setdefault(conn.holder, deque()).append((conn, work))
        else:
            self.in_hand.add(conn)
            work(conn)

    def give_a_thread_back(self, conn: Connection) -> None:
        self.in_hand.discard(conn)
        if line := self.in_line.get(conn.holder):
            next_one, work = line.popleft()
            if not line:
                del self.in_line[conn.holder]
            self.in_hand.add(next_one)
            work(next_one)

    def handle_request(self, req: Any, conn: Connection) -> Any:
        conn.sock.settimeout(SEND_S)
        return super().handle_request(req, conn)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        self.give_a_thread_back(conn)
        super().finish_request(conn, fs)
        if conn.inbox.rest and conn in self.keepalived_conns:
            self.on_client_socket_readable(conn, conn.sock)

    def murder_pending(self) -> None:
        """Called every second: end what is over its deadline."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [conn for conn in self.waiting if conn.deadline < now]:
            if conn.closes_at:
                self.drop(conn)
            else:
                self.refuse(conn, Refused(408, _("The request took too long to come.")))

    def refuse(self, conn: Connection, refusal: Refused) -> None:
        self.stop_listening(conn)
        try:
            conn.sock.setblocking(False)
            conn.sock.send(refusal.answer())
        except OSError:  # a client that doesn't read either
            self.drop(conn)
        else:
            self.see_off(conn)

    def close_gracefully(self, conn: Connection) -> None:
        """Called with a connection that gunicorn has done with and counts no more."""
        self.nr_conns += 1
        self.see_off(conn)

    def see_off(self, conn: Connection) -> None:
        """Close when the client has, or soon: closing while more comes would take along what it has not read yet.

        gunicorn waits for that in this loop, in which everybody else would wait with it.
        """
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop(conn)
            return
        conn.inbox.end()
        conn.closes_at = time.monotonic() + CLOSING_S
        self.listen(conn, self.on_rest)

    def on_rest(self, conn: Connection, sock: socket.socket) -> None:
        try:
            if not sock.recv(64 * 2**10):
                self.drop(conn)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.drop(conn)

    def listen(self, conn: Connection, callback: Any) -> None:
        self.waiting.add(conn)
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(callback, conn))

    def stop_listening(self, conn: Connection) -> None:
        if conn in self.waiting:
            self.waiting.discard(conn)
            self.poller.unregister(conn.sock)

    def drop(self, conn: Connection) -> None:
        self.stop_listening(conn)
        self.nr_conns -= 1
        conn.close()


def is_signed_in(head: bytes) -> bool:
    # Not above: gunicorn's first process imports this module, and stays without Django.
    from connections.web.signed_in import is_signed_in

    return is_signed_in(head)
