"""HTTP/1.1 on raw sockets: small, keep-alive, and able to misbehave byte by byte."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, cast

HEAD_LIMIT = 65536
BODY_LIMIT = 1 << 20
PREFIX = "apv/v27/"
GRAPHQL_PATH = "graphql/v1"


class BadRequestError(Exception):
    """These bytes are no request that can be read; args: HTTP status, sentence."""


class Request:
    __slots__ = ("_json", "body", "head", "headers", "keep_alive", "method", "path", "peer", "target")

    def __init__(self, head: bytes, peer: str) -> None:
        lines = head.decode("latin-1").split("\r\n")
        try:
            self.method, self.target, version = lines[0].split(" ")
        except ValueError:
            raise BadRequestError(400, "The request line has not three parts.") from None
        self.head = head
        self.headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.path = normal_path(self.target)
        self.peer = peer
        self.body = b""
        wish = self.headers.get("connection", "").lower()
        self.keep_alive = wish != "close" and (version == "HTTP/1.1" or wish == "keep-alive")
        self._json: dict[str, Any] | None = None

    def json(self) -> dict[str, Any]:
        """The body as a JSON object whatever its Content-Type says; {} for anything else."""
        if self._json is None:
            try:
                value = json.loads(self.body)
            except ValueError:
                value = None
            self._json = value if isinstance(value, dict) else {}
        return self._json

    def content_length(self) -> int:
        if "transfer-encoding" in self.headers:
            raise BadRequestError(411, "The sandbox reads bodies with a Content-Length only.")
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise BadRequestError(400, "Content-Length is not a number.")
        if int(length) > BODY_LIMIT:
            raise BadRequestError(413, f"A body may hold {BODY_LIMIT} bytes.")
        return int(length)


def normal_path(target: str) -> str:
    """The path without query, repeated slashes and a trailing one.

    Below the API's prefix it is relative to that, `device/connect/stop`; GraphQL's is `graphql/v1`; any other keeps its
    slash, `/sandbox/log`.
    """
    path = target.partition("?")[0]
    if path.startswith("http://"):
        path = path[7:].partition("/")[2]
    path = "/".join(part for part in path.split("/") if part)
    if path == GRAPHQL_PATH:
        return path
    return path[len(PREFIX) :] if path.startswith(PREFIX) else f"/{path}"


class Response:
    __slots__ = ("ahead_s", "body", "content_type", "extra", "status")

    def __init__(
        self, status: int, body: bytes, content_type: str = "application/json", extra: dict[str, str] | None = None
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.extra = extra or {}
        #: How far the clock that writes the Date is ahead of this machine's.
        self.ahead_s = 0

    def head(self, length: int | None, *, close: bool = False) -> bytes:
        """The status line and headers; `length` is what Content-Length claims, None leaves it out."""
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            f"Date: {formatdate(time.time() + self.ahead_s, usegmt=True)}",
            f"Content-Type: {self.content_type}",
            *(f"{name}: {value}" for name, value in self.extra.items()),
        ]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        if close:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class HttpConnection(asyncio.Protocol):
    """One client's socket. `receive` gets each request and this object, whose methods answer it."""

    def __init__(self, receive: Callable[[Request, HttpConnection], None], clients: set[HttpConnection]) -> None:
        self.receive = receive
        self.clients = clients
        self.buffer = b""
        self.pending: Request | None = None
        self.current: Request | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        self.clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.clients.discard(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.current is None:
            self.next_request()

    def next_request(self) -> None:
        try:
            request = self.read_request()
        except BadRequestError as error:
            status, sentence = error.args
            self.write(Response(status, sentence.encode() + b"\n", "text/plain").head(None, close=True))
            self.write(sentence.encode() + b"\n")
            self.transport.close()
            return
        if request is not None:
            self.current = request
            self.receive(request, self)

    def read_request(self) -> Request | None:
        if self.pending is None:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self.buffer) > HEAD_LIMIT:
                    raise BadRequestError(431, f"Request headers may hold {HEAD_LIMIT} bytes.")
                return None
            self.pending = Request(self.buffer[:end], self.peer)
            self.buffer = self.buffer[end + 4 :]
            if self.pending.headers.get("expect", "").lower() == "100-continue":
                self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = self.pending.content_length()
        if len(self.buffer) < length:
            return None
        request, self.pending = self.pending, None
        request.body, self.buffer = self.buffer[:length], self.buffer[length:]
        return request

    @property
    def gone(self) -> bool:
        return self.transport.is_closing()

    def write(self, data: bytes) -> None:
        if not self.gone:
            self.transport.write(data)

    def send(self, response: Response) -> None:
        """Answer the current request in full and be ready for the next one."""
        self.write(response.head(len(response.body), close=not self.keeps_alive) + response.body)
        self.finish()

    @property
    def keeps_alive(self) -> bool:
        return self.current is not None and self.current.keep_alive

    def finish(self) -> None:
        """The answer is out: take the next request, or close if the client wished so."""
        keep, self.current = self.keeps_alive, None
        if not keep:
            self.close()
        elif self.buffer and not self.gone:
            self.next_request()

    def close(self) -> None:
        """Send what was written, then end the connection."""
        self.transport.close()

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        raw = self.transport.get_extra_info("socket")
        if raw is not None and not self.gone:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
