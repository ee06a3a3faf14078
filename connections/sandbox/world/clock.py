"""The sandbox's clock: real time plus an offset that tests can advance."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s

    def now(self) -> float:
        """Unix seconds on the sandbox's clock."""
        return time.time() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Move the clock forward; raises ValueError for a step backwards."""
        if not 0 <= seconds < 10**9:
            raise ValueError("The clock only moves forward: give the seconds as a positive number.")
        self.offset_s += seconds


def iso(moment: float) -> str:
    """ISO 8601 in UTC, for example 2026-02-01T13:05:09.120Z."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
