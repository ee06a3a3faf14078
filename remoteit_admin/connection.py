"""A client's connection, which counts as somebody's while it is open."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from django.conf import settings
from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn

from remoteit_admin.inbox import Inbox
from remoteit_admin.proxies import is_trusted, one_client

if TYPE_CHECKING:
    from remoteit_admin.patient_worker import PatientWorker


class Held:
    """Connections by who holds them. Who holds none any more is forgotten."""

    def __init__(self) -> None:
        self.by: dict[str, set[Connection]] = {}

    def count(self, holder: str) -> int:
        return len(self.by.get(holder, ()))

    def add(self, conn: Connection) -> None:
        if conn.holder:
            self.by.setdefault(conn.holder, set()).add(conn)

    def discard(self, conn: Connection) -> None:
        held = self.by.get(conn.holder, set())
        held.discard(conn)
        if not held:
            self.by.pop(conn.holder, None)


class Connection(TConn):  # type: ignore[misc]
    """A connection with its inbox. `holder`: as whose it counts; "" for who is not counted."""

    def __init__(self, worker: PatientWorker, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(worker.cfg, sock, client, server)
        self.worker, self.inbox = worker, Inbox()
        self.parser = get_parser(worker.cfg, iter(()), client)
        self.parser.unreader = self.inbox
        self.initialized = self.data_ready = True
        self.closes_at = 0.0
        self.holder = holder(client)
        worker.open_now.add(self)

    @property
    def deadline(self) -> float:
        return self.closes_at or self.inbox.deadline

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self.worker.close_gracefully(self)
            return
        self.worker.open_now.discard(self)
        self.inbox.end()
        super().close()


def holder(client: Any) -> str:
    """As whose the connections of gunicorn's `client` count; "" for who is not counted.

    A proxy is not: it buffers answers, and stands for everybody. On a unix socket there is always one.
    """
    address = str(client[0]) if isinstance(client, tuple) and client else ""
    return "" if is_trusted(address, settings.TRUSTED_PROXIES) else one_client(address)
