"""A GraphQL server that answers from memory, so that a benchmark's clock sees the panel and not another program."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCOUNT = "account-0"


class Canned(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def canned() -> Iterator[tuple[type[Canned], str]]:
    """Yields the handler, whose `answer` is what everybody gets, and the address."""
    handler = type("CannedHere", (Canned,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield handler, f"http://127.0.0.1:{server.server_port}/graphql/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(first: int, count: int) -> bytes:
    """The login's list of `count` sessions, whose ids are made from the numbers from `first` on."""
    sessions = [_session(number) for number in range(first, first + count)]
    login = {"id": ACCOUNT, "sessions": sessions, "membership": []}
    return json.dumps({"data": {"login": login}}).encode()


def _session(n: int) -> dict[str, object]:
    address = f"80:00:00:00:{n >> 24 & 255:02X}:{n >> 16 & 255:02X}:{n >> 8 & 255:02X}:{n & 255:02X}"
    device = {"name": f"Device {n // 4}"}
    return {
        "id": f"{n:08x}-0000-4000-8000-{n:012x}",
        "timestamp": "2026-11-23T08:01:12.000Z",
        "state": "connected",
        "user": {"email": f"person{n % 50}@example.com"},
        "target": {"id": address, "name": "ssh", "device": device},
        "endpoint": {"proxy": True},
    }
