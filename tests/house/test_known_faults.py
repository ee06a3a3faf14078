"""What `make check` says of known faults in packages: named, none, or not asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests import known_faults


class Database(BaseHTTPRequestHandler):
    """Knows a fault of Django, and answers for the others with nothing; `said`: this instead."""

    said: bytes | None = None

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        results = [{"vulns": [{"id": "X-1"}]} if one["package"]["name"] == "Django" else {} for one in asked]
        body = self.said or json.dumps({"results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def database() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Database)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def test_a_package_with_a_known_fault_is_named(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert known_faults.main(database) == 1
    assert "Django" in capsys.readouterr().out
    assert known_faults.found([("requests", "1")], database) == []


def test_what_can_t_be_asked_is_no_fault(
    database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known_faults.main("http://127.0.0.1:9/") == 0
    for said in (b"<html>", b"[]", b'{"results": []}', b'{"results": 1}'):
        monkeypatch.setattr(Database, "said", said)
        assert known_faults.main(database) == 0
    assert capsys.readouterr().out.count("were not compared") == 5
