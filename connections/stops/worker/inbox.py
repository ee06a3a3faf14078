"""What arrives for the worker's loop: answers and wake-ups, gathered for a while, kept until they are written down."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connections.stops.worker.channel import Arrival

GATHER_S = 0.04
"""How long is waited for more answers after the first, when all is in flight: to write them down has its price."""


class Inbox:
    """Filled from any thread, emptied by one. `unrecorded`: what was collected and is not written down yet."""

    def __init__(self) -> None:
        self.unrecorded: list[Arrival] = []
        self._queue: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
        self._hurry = threading.Event()

    def put(self, arrival: Arrival, *, at_once: bool) -> None:
        """`at_once`: don't wait for more to arrive."""
        self._queue.put(arrival)
        if at_once:
            self._hurry.set()

    def wake(self) -> None:
        """Have whoever waits look into the database."""
        self._queue.put(None)
        self._hurry.set()

    def collect(self, wait_s: float, *, fill: float) -> bool:
        """Wait at most `wait_s` seconds for something to arrive, and a while for more; returns whether it was woken.

        `fill`: which part of what may be in flight is: the fuller, the longer the while, up to `GATHER_S`.
        """
        woken = False
        try:
            arrival = self._queue.get(timeout=wait_s)
            self._hurry.wait(GATHER_S * min(fill, 1.0))
            self._hurry.clear()
            while True:
                if arrival is None:
                    woken = True
                else:
                    self.unrecorded.append(arrival)
                arrival = self._queue.get_nowait()
        except queue.Empty:
            return woken
