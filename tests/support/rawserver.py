"""A server of raw bytes on loopback: it records every request and answers with whatever a test wrote, broken or not."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Any

Reaction = Callable[[socket.socket, "RawServer"], None]


class RawServer:
    """Answers the n-th request with the n-th of ``reactions``, the last one for ever: bytes to send, or a function.

    A connection stays open after bytes and is closed after a function. ``on_connect`` gets each new socket first, and
    what it returns (None: nothing more) is served. ``requests`` holds each request as it came, ``connections`` counts.
    """

    def __init__(
        self,
        *reactions: bytes | Reaction,
        tls: ssl.SSLContext | None = None,
        on_connect: Reaction | None = None,
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.closing = threading.Event()
        self._reactions = reactions
        self._tls = tls
        self._on_connect = on_connect
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/apv/v27"

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        _shut_down(self._listener)
        self._listener.close()
        self.drop_connections()

    def drop_connections(self) -> None:
        """End every open connection from this side."""
        with self._lock:
            for sock in self._sockets:
                _shut_down(sock)

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _peer = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        # A client that goes away, or doesn't trust us, ends this connection and is no fault of the server.
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(sock)
            if self._on_connect is not None:
                self._on_connect(sock, self)
                return
            if self._tls is not None:
                sock = stack.enter_context(self._tls.wrap_socket(sock, server_side=True))
            with self._lock:
                self._sockets.add(sock)
            try:
                self._converse(sock)
            finally:
                with self._lock:
                    self._sockets.discard(sock)

    def _converse(self, sock: socket.socket) -> None:
        while request := read_request(sock):
            with self._lock:
                self.requests.append(request)
                reaction = self._reactions[min(len(self.requests), len(self._reactions)) - 1]
            if not isinstance(reaction, bytes):
                reaction(sock, self)
                return
            sock.sendall(reaction)


def read_request(sock: socket.socket) -> bytes:
    """Return one whole request, or b"" when the peer went away."""
    data = b""
    while b"\r\n\r\n" not in data or len(data) < _whole_length(data):
        received = sock.recv(65536)
        if not received:
            return b""
        data += received
    return data


def _whole_length(data: bytes) -> int:
    head, _, _ = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return len(head) + 4 + int(lengths[0] if lengths else 0)


def _shut_down(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def answer(status: str, body: bytes | str | dict[str, Any] | list[Any] = b"", *headers: str) -> bytes:
    """Return a well-formed answer, for example ``answer("200 OK", {"status": "true"})``."""
    payload = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(payload)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + payload


def head_only(status: str, *headers: str) -> bytes:
    """Return an answer's head, with just these headers."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers]).encode() + b"\r\n\r\n"


def then_close(data: bytes) -> Reaction:
    """Send ``data``, then close the connection in order."""

    def react(sock: socket.socket, server: RawServer) -> None:
        sock.sendall(data)

    return react


def reset(sock: socket.socket, server: RawServer) -> None:
    """Break the connection with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def reset_in_handshake(sock: socket.socket, server: RawServer) -> None:
    sock.recv(65536)
    reset(sock, server)


def close_in_handshake(sock: socket.socket, server: RawServer) -> None:
    sock.recv(65536)


def then_silence(data: bytes) -> Reaction:
    """Send ``data``, then nothing more, and keep the connection open."""

    def react(sock: socket.socket, server: RawServer) -> None:
        sock.sendall(data)
        server.closing.wait(30)

    return react


silence = then_silence(b"")


def drip(data: bytes, every: float = 0.05) -> Reaction:
    """Send one byte each ``every`` seconds."""

    def react(sock: socket.socket, server: RawServer) -> None:
        for byte in data:
            sock.sendall(bytes([byte]))
            server.closing.wait(every)

    return react


def endless(head: bytes) -> Reaction:
    """Send ``head`` and then x without end."""

    def react(sock: socket.socket, server: RawServer) -> None:
        sock.sendall(head)
        while not server.closing.is_set():
            sock.sendall(b"x" * 65536)

    return react


def below_tls(data: bytes) -> Reaction:
    """Send ``data`` past the TLS layer, so that the peer gets a record it can't read."""

    def react(sock: socket.socket, server: RawServer) -> None:
        socket.socket.sendall(sock, data)
        server.closing.wait(0.2)

    return react
