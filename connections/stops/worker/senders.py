"""The threads that send for one account, and what waits for them, in fair turns for its runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from connections.stops.attempt import Claim


class _Job(NamedTuple):
    """In the order of turns; numbers are unique, so that nothing else is ever compared."""

    turn: float
    number: int
    work: Callable[[], None] | None
    claim: Claim | None = None


class SendingThreads:
    """Runs jobs in threads, which end with the process; of those that send claims only so many at once as is allowed.

    Runs take turns: a single stop goes next, however many of a large run were claimed before it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._threads: list[threading.Thread] = []
        self._jobs: list[_Job] = []
        self._changed = threading.Condition()
        self._limit = self._sending = 0
        self._numbers = count()
        self._turn = 0.0
        self._last_turn: dict[int, float] = {}

    def allow(self, most: int) -> None:
        """Let `most` claims be sent at once."""
        with self._changed:
            rises, self._limit = most > self._limit, most
            if rises:
                self._changed.notify_all()

    def lower_limit(self, most: int) -> int:
        """Let no more than `most` claims be sent at once; returns how many are being sent, which may be more."""
        with self._changed:
            self._limit = min(self._limit, most)
            return self._sending

    def send(self, claims: Iterable[Claim], work: Callable[[Claim], None]) -> None:
        """Have `work` send each of `claims`, in the turn of its run."""
        with self._changed:
            for claim in claims:
                self._put(_Job(self._next_turn(claim.item.run_id), next(self._numbers), partial(work, claim), claim))

    def at_once(self, work: Callable[[], None]) -> None:
        """Run `work` before all that waits."""
        with self._changed:
            self._put(_Job(self._turn, next(self._numbers), work))

    @property
    def has_waiting(self) -> bool:
        """Whether there are claims that no thread has taken up yet."""
        with self._changed:
            return any(job.claim is not None for job in self._jobs)

    def take_waiting(self) -> list[Claim]:
        """The claims that no thread has taken up yet; none does any more."""
        with self._changed:
            taken = [job.claim for job in sorted(self._jobs) if job.claim is not None]
            self._jobs = [job for job in self._jobs if job.claim is None]
            heapify(self._jobs)
            return taken

    def close(self) -> None:
        """End each thread as soon as it has nothing under way."""
        with self._changed:
            for _ in self._threads:
                heappush(self._jobs, _Job(-1.0, next(self._numbers), None))
            self._changed.notify_all()

    def _next_turn(self, run_id: int) -> float:
        if run_id not in self._last_turn:
            self._last_turn = {run: turn for run, turn in self._last_turn.items() if turn > self._turn}
        turn = self._last_turn[run_id] = max(self._turn, self._last_turn.get(run_id, 0.0)) + 1
        return turn

    def _put(self, job: _Job) -> None:
        heappush(self._jobs, job)
        self._changed.notify()
        if len(self._threads) < max(self._limit, 1):
            thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        job = self._take()
        while job.work is not None:
            job.work()
            job = self._take(done=job)

    def _take(self, done: _Job | None = None) -> _Job:
        with self._changed:
            self._sending -= done is not None and done.claim is not None
            self._changed.wait_for(self._may_go_on)
            job = heappop(self._jobs)
            self._sending += job.claim is not None
            self._turn = max(self._turn, job.turn)
            return job

    def _may_go_on(self) -> bool:
        return bool(self._jobs) and (self._jobs[0].claim is None or self._sending < self._limit)
