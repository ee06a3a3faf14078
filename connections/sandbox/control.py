"""The sandbox's own endpoints under /sandbox/, for other processes. They are no part of remote.it's API."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from connections.sandbox.wire.faults import FaultRule, Faults
from connections.sandbox.wire.http import Request, Response
from connections.sandbox.wire.log import RequestLog
from connections.sandbox.world.settings import SWITCHES, Settings
from connections.sandbox.world.ways import Switches, is_configurable, link_of
from connections.sandbox.world.world import World

CSV_COLUMNS = (
    "device_address", "connection_id", "device_name", "service_name", "opened_by", "opened_at", "expires_at",
)  # fmt: skip


def plain(value: Any) -> Response:
    return Response(200, json.dumps(value, ensure_ascii=False).encode() + b"\n")


class Control:
    def __init__(
        self,
        world: World,
        settings: Settings,
        faults: Faults,
        log: RequestLog,
        counts: Callable[[], dict[str, int]],
        switches: Switches,
    ) -> None:
        self.world = world
        self.settings = settings
        self.faults = faults
        self.log = log
        self.counts = counts
        self.switches = switches
        self.routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/sandbox/log"): self.read_log,
            ("DELETE", "/sandbox/log"): self.clear_log,
            ("GET", "/sandbox/in_flight"): lambda request: plain(self.counts()),
            ("GET", "/sandbox/connections.csv"): self.csv,
            ("GET", "/sandbox/connections.json"): lambda request: plain(self.world.rows()),
            ("GET", "/sandbox/faults"): self.read_faults,
            ("POST", "/sandbox/faults"): self.add_faults,
            ("DELETE", "/sandbox/faults"): self.clear_faults,
            ("POST", "/sandbox/clock"): self.advance,
            ("POST", "/sandbox/settings"): self.change_settings,
            ("GET", "/sandbox/services.json"): lambda request: plain(self.services()),
            ("POST", "/sandbox/services"): self.change_service,
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
        return Response(200, self.log.lines().encode(), "application/x-ndjson")

    def clear_log(self, request: Request) -> Response:
        self.log.clear()
        return plain({"entries": 0})

    def csv(self, request: Request) -> Response:
        out = io.StringIO()
        writer = csv.DictWriter(out, CSV_COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.world.rows("open"))
        return Response(200, out.getvalue().encode(), "text/csv; charset=utf-8")

    def read_faults(self, request: Request) -> Response:
        return plain(self.faults.rows())

    def add_faults(self, request: Request) -> Response:
        value = json.loads(request.body)
        self.faults.add(*[FaultRule.from_json(one) for one in (value if isinstance(value, list) else [value])])
        return self.read_faults(request)

    def clear_faults(self, request: Request) -> Response:
        self.faults.clear()
        return self.read_faults(request)

    def advance(self, request: Request) -> Response:
        seconds = request.json().get("advance_s")
        if not isinstance(seconds, int | float):
            raise ValueError('Send {"advance_s": seconds}.')
        self.world.advance(float(seconds))
        return plain({"offset_s": self.world.clock.offset_s})

    def services(self) -> list[dict[str, Any]]:
        """Every service with what is switched on there."""
        return [
            {
                "address": one.address,
                "name": one.name,
                "device": one.device.name,
                "enabled": one.enabled,
                "online": one.is_online,
                "link": link_of(one),
                "configurable": is_configurable(one),
                "state": one.device.state,
            }
            for one in self.world.services.values()
        ]

    def change_service(self, request: Request) -> Response:
        return plain(self.changed_service(request.json()))

    def changed_service(self, value: dict[str, Any]) -> dict[str, Any]:
        """Change one service, as a stranger would, and its device: enabled, link, configurable, state, shares."""
        service = self.world.service(str(value.pop("address", "")))
        if service is None or not set(value) <= {"enabled", "link", "configurable", "state", "shares"}:
            raise ValueError('Send {"address": …} of a service with enabled, link, configurable, state or shares.')
        if "enabled" in value:
            self.switches.set_service(service, bool(value["enabled"]))
        if "link" in value:
            self.switches.set_link(service, bool(value["link"]))
        if "shares" in value:
            self.switches.set_shares(service, [str(one) for one in value["shares"]])
        if "configurable" in value:
            service.device.configurable = bool(value["configurable"])
        if "state" in value:
            service.device.state = str(value["state"])
        self.world.changed()
        return next(one for one in self.services() if one["address"] == service.address)

    def change_settings(self, request: Request) -> Response:
        self.settings.change(request.json())
        return plain({name: getattr(self.settings, name) for name in SWITCHES})


def problem(status: int, sentence: str) -> Response:
    return Response(status, sentence.encode() + b"\n", "text/plain; charset=utf-8")
