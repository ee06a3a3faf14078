"""The request log: what arrived, byte for byte, and what became of it. Bounded, and it says what it cut."""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from connections.sandbox.wire.http import Request
from connections.sandbox.world.clock import iso

KEPT = 200_000


@dataclass(slots=True)
class Entry:
    n: int
    endpoint: str
    head: bytes
    body: bytes
    at: float = field(default_factory=time.time)
    #: Did this request change the world?
    applied: bool = False
    #: HTTP status put on the wire; None while there is none, and for a connection that was reset.
    status: int | None = None
    fault: str | None = None

    def row(self) -> dict[str, Any]:
        """The entry as plain values; headers as [name, value] pairs in the order and spelling received."""
        first, *lines = self.head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = [line.partition(":") for line in lines]
        return {
            "n": self.n,
            "at": iso(self.at),
            "method": method,
            "path": target,
            "headers": [[name, value.strip()] for name, _, value in pairs],
            "body": self.body.decode("utf-8", "backslashreplace"),
            "applied": self.applied,
            "status": self.status,
            "fault": self.fault,
        }


class RequestLog:
    """The newest `kept` requests to the API; control requests are not among them."""

    def __init__(self, kept: int = KEPT) -> None:
        self.entries: deque[Entry] = deque(maxlen=kept)
        self.count = 0
        self.cut = 0

    def add(self, request: Request) -> Entry:
        self.count += 1
        if len(self.entries) == self.entries.maxlen:
            self.cut += 1
        entry = Entry(self.count, request.path, request.head, request.body)
        self.entries.append(entry)
        return entry

    def clear(self) -> None:
        self.entries.clear()
        self.cut = 0

    def rows(self, path: str = "") -> list[dict[str, Any]]:
        """All entries oldest first, or those of one endpoint such as "device/connect/stop"."""
        return [one.row() for one in self.entries if not path or one.endpoint == path]

    def lines(self) -> str:
        """One JSON object a line. If older entries were cut, the first line is {"cut": how many}."""
        head = [{"cut": self.cut}] if self.cut else []
        return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (*head, *self.rows()))
