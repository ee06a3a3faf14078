"""An egress proxy on loopback: it answers CONNECT and passes bytes on, as Squid does, or refuses to."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType

Tunnelled = Callable[[socket.socket, socket.socket], None]


class ConnectProxy:
    """Passes bytes between its client and whom CONNECT names, once it has answered ``status``.

    ``tls``: clients speak TLS to it. ``authorization``: the Proxy-Authorization that it wants, else it answers 407.
    ``refuse``: gets the socket instead of an answer to CONNECT. ``connects`` holds each CONNECT as it came.
    """

    def __init__(
        self,
        status: str = "200 Connection established",
        *,
        tls: ssl.SSLContext | None = None,
        authorization: str | None = None,
        refuse: Callable[[socket.socket], None] | None = None,
    ) -> None:
        self.connects: list[bytes] = []
        self.closing = threading.Event()
        self._status, self._tls, self._authorization, self._refuse = status, tls, authorization, refuse
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> ConnectProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(sock)
            if self._tls is not None:
                sock = stack.enter_context(self._tls.wrap_socket(sock, server_side=True))
            request = b""
            while b"\r\n\r\n" not in request:
                received = sock.recv(65536)
                if not received:
                    return
                request += received
            self.connects.append(request)
            if self._refuse is not None:
                self._refuse(sock)
                return
            status = self._status
            if (
                self._authorization is not None
                and f"Proxy-Authorization: {self._authorization}".encode() not in request
            ):
                status = "407 Proxy Authentication Required"
            sock.sendall(f"HTTP/1.1 {status}\r\nVia: 1.1 test\r\n\r\n".encode())
            if status.startswith("200"):
                host, _, port = request.split(b" ")[1].decode().partition(":")
                _pass_on(sock, stack.enter_context(socket.create_connection((host, int(port)))))


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    def back() -> None:
        with contextlib.suppress(OSError):
            _copy(server, client)

    answers = threading.Thread(target=back, daemon=True)
    answers.start()
    with contextlib.suppress(OSError):
        _copy(client, server)
    answers.join(10)


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy until ``source`` ends, and end ``target`` the same way: in order, or with a RST."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    finally:
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
