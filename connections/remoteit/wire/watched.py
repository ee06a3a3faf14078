"""Connections that tell the current call before a byte of its request leaves, through a proxy or not."""

from __future__ import annotations

import re
import threading
from http import HTTPStatus
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

#: ``current.call`` is the call that this thread makes.
current = threading.local()


class ProxyRefused(OSError):
    """The proxy answered CONNECT, and not with 200. The message is its status alone: its words may echo credentials."""


class _WatchedHTTPConnection(HTTPConnection):
    """Gives a request to its socket in one piece, and tells the current call before it does.

    The exceptions' classes can't tell: a reset in the TLS handshake and one after the request look the same. Head and
    body apart would be two packets, and a tenth of a call's processor time.
    """

    call: Any = None
    _pieces: list[bytes] | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        pieces = self._pieces = []
        try:
            super().request(*args, **kwargs)
        finally:
            self._pieces = None
        if self.sock is None:
            self.connect()
        current.call.leave_through(self)
        super().send(b"".join(pieces))

    def send(self, data: Any) -> None:
        if self._pieces is None:
            super().send(data)
        else:
            self._pieces.append(data)

    def _tunnel(self) -> None:
        """Ask the proxy for a way to the API: nothing of the request is in that, and it ends with the call, too."""
        current.call.watch(self)
        try:
            super()._tunnel()
        except OSError as error:
            code = re.search(r"Tunnel connection failed: (\d+)", str(error))
            if code is None:
                raise
            raise ProxyRefused(_status(int(code[1]))) from None


class _WatchedHTTPSConnection(_WatchedHTTPConnection, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection


#: The pools' classes by scheme, for every pool manager.
POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


def _status(code: int) -> str:
    known = {status.value: status.phrase for status in HTTPStatus}
    return f"HTTP {code} {known.get(code, '')}".strip()
