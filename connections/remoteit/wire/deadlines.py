"""An end to every call: a read timeout counts per ``recv``, so a dripped answer would outlive it without bound."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Any


class Call:
    """One call to the API: what left, and when it has to be over."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self.deadline = 0.0
        self.left = False
        self.expired = False
        self._connection: Any = None
        self._socket: socket.socket | None = None

    def __enter__(self) -> Call:
        self._deadlines.open(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadlines.close(self)

    def watch(self, connection: Any) -> None:
        """Let the end of the call cut ``connection``, of which nothing of the request has left yet."""
        with self._deadlines.lock:
            self._hold(connection)

    def leave_through(self, connection: Any) -> None:
        """Say that the request's next bytes are about to be given to ``connection``.

        Raises TimeoutError when the call is over already, so that nothing leaves after its end.
        """
        with self._deadlines.lock:
            if self.expired or time.monotonic() >= self.deadline:
                self.expired = True
                raise TimeoutError("the call was over before it was sent")
            self.left = True
            self._hold(connection)

    def _hold(self, connection: Any) -> None:
        # urllib3's TLS inside TLS is no socket, and has one.
        self._connection, self._socket = connection, getattr(connection.sock, "socket", connection.sock)
        connection.call = self

    def cut(self) -> None:
        """End the call wherever it waits, by taking its socket's both directions away. The lock is held."""
        self.expired = True
        # A pooled connection may serve the next call already; that one is not ours to cut.
        if self._socket is None or self._connection.call is not self:
            return
        with contextlib.suppress(OSError):  # the socket is closed already: that is an end too
            # SSLSocket.shutdown would drop the TLS layer under a thread that is reading through it.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Deadlines:
    """Cuts every call that is open for longer than ``limit`` seconds, from one thread that lives while calls do."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.lock = threading.Lock()
        self._open: dict[Call, bool] = {}
        self._thread: threading.Thread | None = None

    def call(self) -> Call:
        return Call(self)

    def open(self, call: Call) -> None:
        call.deadline = time.monotonic() + self.limit
        # Without the lock, here and in close(): a hundred threads would queue up behind one that lost its turn with it.
        self._open[call] = True
        if not self._is_watched():
            with self.lock:
                if not self._is_watched():
                    self._thread = threading.Thread(target=self._watch, name="remoteit-deadlines", daemon=True)
                    self._thread.start()

    def close(self, call: Call) -> None:
        self._open.pop(call, False)

    def _is_watched(self) -> bool:
        thread = self._thread
        # Not alive without having ended: this process is a fork of the one that started it.
        return thread is not None and thread.is_alive()

    def _watch(self) -> None:
        wait: float | None = self.limit
        while wait is not None:
            # Nobody needs to wake this thread: all calls get the same limit, so a new one never falls due sooner.
            time.sleep(wait)
            wait = self._cut_due()

    def _cut_due(self) -> float | None:
        """Return the seconds until the next call falls due, or None (and the thread ends) when none is open."""
        with self.lock:
            # Before it looks: who opens a call meanwhile is seen here, or sees that nobody watches.
            watching, self._thread = self._thread, None
            for call in list(self._open):
                wait = call.deadline - time.monotonic()
                if wait > 0:
                    self._thread = watching
                    return wait
                if self._open.pop(call, False):
                    call.cut()
            return None
