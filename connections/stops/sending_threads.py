"""The threads that send for one account, and what waits for them, in fair turns for its runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, PriorityQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connections.stops.claim import Claim


@dataclass(order=True)
class _Job:
    turn: float
    number: int
    work: Callable[[], None] | None = field(compare=False)
    claim: Claim | None = field(compare=False, default=None)


class SendingThreads:
    """Runs jobs in up to `most` threads, which end with the process.

    Runs take turns: a single stop goes next, however many of a large run were claimed before it.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._threads: list[threading.Thread] = []
        self._jobs: PriorityQueue[_Job] = PriorityQueue()
        self._numbers = count()
        self._turn = 0.0
        self._last_turn: dict[int, float] = {}

    def send(self, claim: Claim, work: Callable[[], None]) -> None:
        """Have `work` send `claim`, in the turn of its run."""
        run_id = claim.item.run_id
        if run_id not in self._last_turn:
            self._last_turn = {run: turn for run, turn in self._last_turn.items() if turn > self._turn}
        turn = max(self._turn, self._last_turn.get(run_id, 0.0)) + 1
        self._last_turn[run_id] = turn
        self._put(_Job(turn, next(self._numbers), work, claim))

    def at_once(self, work: Callable[[], None]) -> None:
        """Run `work` before all that waits."""
        self._put(_Job(self._turn, next(self._numbers), work))

    def take_waiting(self) -> list[Claim]:
        """The claims that no thread has taken up yet; none does any more."""
        taken = []
        try:
            while True:
                taken.append(self._jobs.get_nowait())
        except Empty:
            for job in taken:
                if job.claim is None:
                    self._jobs.put(job)
            return [job.claim for job in taken if job.claim is not None]

    def close(self) -> None:
        """End each thread as soon as it has nothing under way."""
        for _ in self._threads:
            self._jobs.put(_Job(0.0, next(self._numbers), None))

    def _put(self, job: _Job) -> None:
        self._jobs.put(job)
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job.work is None:
                return
            self._turn = max(self._turn, job.turn)
            job.work()
