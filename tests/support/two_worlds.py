"""Two sandboxes behind one address, as two accounts of remote.it are: signed requests go to the second."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from connections.sandbox import Sandbox

LONGEST_S = 30


class Forward(BaseHTTPRequestHandler):
    """Passes a request on byte for byte, `Host` too: it is signed."""

    protocol_version = "HTTP/1.1"
    by_token: str
    by_signature: str

    def do_POST(self) -> None:
        signed = self.headers.get("Authorization", "").startswith("Signature ")
        target = http.client.HTTPConnection(self.by_signature if signed else self.by_token, timeout=LONGEST_S)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target.request("POST", self.path, body=body, headers=dict(self.headers))
        answer = target.getresponse()
        content = answer.read()
        target.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.getheader("Content-Type", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Where one side broke off, the other is broken off, too: that is all there is to do."""


@contextmanager
def one_address(by_token: Sandbox, by_signature: Sandbox) -> Iterator[dict[str, str]]:
    """Yields the environment of a panel whose default account is the first's, and whose addresses lead to both."""
    hosts = {"by_token": by_token.base_url, "by_signature": by_signature.base_url}
    handler = type("ForwardHere", (Forward,), {name: urlsplit(url).netloc for name, url in hosts.items()})
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    here = f"http://127.0.0.1:{server.server_port}"
    try:
        yield {name: value.replace(by_token.base_url, here) for name, value in by_token.environment.items()}
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
