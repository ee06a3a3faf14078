"""The sandbox's own endpoints under /sandbox/, for other processes. They are no part of remote.it's API."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from connections.sandbox.wire.faults import FaultRule
from connections.sandbox.wire.http import Request, Response
from connections.sandbox.world.settings import SWITCHES

if TYPE_CHECKING:
    from connections.sandbox.server import Server

CSV_COLUMNS = (
    "device_address", "connection_id", "device_name", "service_name", "opened_by", "opened_at", "expires_at",
)  # fmt: skip


def plain(value: Any) -> Response:
    return Response(200, json.dumps(value, ensure_ascii=False).encode() + b"\n")


def connections_csv(rows: list[dict[str, Any]]) -> str:
    """The rows as a CSV file with a header line."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


class Control:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/sandbox/log"): self.read_log,
            ("DELETE", "/sandbox/log"): self.clear_log,
            ("GET", "/sandbox/in_flight"): self.in_flight,
            ("GET", "/sandbox/connections.csv"): self.csv,
            ("GET", "/sandbox/connections.json"): self.connections,
            ("GET", "/sandbox/faults"): self.faults,
            ("POST", "/sandbox/faults"): self.add_faults,
            ("DELETE", "/sandbox/faults"): self.clear_faults,
            ("POST", "/sandbox/clock"): self.advance,
            ("POST", "/sandbox/settings"): self.change_settings,
        }

    def answer(self, request: Request) -> Response:
        action = self.routes.get((request.method, request.path))
        if action is None:
            known = ", ".join(f"{method} {path}" for method, path in self.routes)
            return problem(404, f"The sandbox has no {request.method} {request.path}. It has: {known}.")
        try:
            return action(request)
        except ValueError as error:
            return problem(400, str(error))

    def read_log(self, request: Request) -> Response:
        return Response(200, self.server.log.lines().encode(), "application/x-ndjson")

    def clear_log(self, request: Request) -> Response:
        self.server.log.clear()
        return plain({"entries": 0})

    def in_flight(self, request: Request) -> Response:
        return plain({"in_flight": self.server.in_flight, "in_flight_peak": self.server.in_flight_peak})

    def csv(self, request: Request) -> Response:
        text = connections_csv(self.server.world.rows("open"))
        return Response(200, text.encode(), "text/csv; charset=utf-8")

    def connections(self, request: Request) -> Response:
        return plain(self.server.world.rows())

    def faults(self, request: Request) -> Response:
        return plain(self.server.faults.rows())

    def add_faults(self, request: Request) -> Response:
        value = json.loads(request.body)
        self.server.faults.add(*[FaultRule.from_json(one) for one in (value if isinstance(value, list) else [value])])
        return self.faults(request)

    def clear_faults(self, request: Request) -> Response:
        self.server.faults.clear()
        return self.faults(request)

    def advance(self, request: Request) -> Response:
        seconds = request.json().get("advance_s")
        if not isinstance(seconds, int | float):
            raise ValueError('Send {"advance_s": seconds}.')
        self.server.advance(float(seconds))
        return plain({"offset_s": self.server.clock.offset_s})

    def change_settings(self, request: Request) -> Response:
        self.server.settings.change(request.json())
        return plain({name: getattr(self.server.settings, name) for name in SWITCHES})


def problem(status: int, sentence: str) -> Response:
    return Response(status, sentence.encode() + b"\n", "text/plain; charset=utf-8")
