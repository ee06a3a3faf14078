"""The items of runs, counted by state and verdict."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Max, Q

from connections.models import StopItem, StopRun
from connections.models.states import (
    CUT,
    NEEDS_LOOK,
    NOT_STOPPED,
    OUTCOMES,
    SETTLED,
    UNFINISHED,
    ItemState,
    Verdict,
)


@dataclass
class Tally:
    """Items counted by state and verdict, "" while they have none.

    `states` and `count` go by the API's answer alone. In all else that is counted here a verdict of a list says more
    than the answer before it, and the answer stands where there is none.
    `recent`: those that got their outcome in the last `RATE_WINDOW_S` seconds; `again`: those queued after an attempt.
    `last_watched_at`: the last answer of those whose verdict may change; `back_after_s`: seconds until the first came
    back.
    """

    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    recent: int = 0
    again: int = 0
    last_answer_at: datetime | None = None
    last_verdict_at: datetime | None = None
    last_watched_at: datetime | None = None
    back_after_s: int | None = None

    def add(self, other: Tally) -> None:
        self.cells += other.cells
        self.recent += other.recent
        self.again += other.again
        for name in ("last_answer_at", "last_verdict_at", "last_watched_at"):
            setattr(self, name, max(filter(None, (getattr(self, name), getattr(other, name))), default=None))
        after = [seconds for seconds in (self.back_after_s, other.back_after_s) if seconds is not None]
        self.back_after_s = min(after, default=None)

    @property
    def states(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (state, _verdict), count in self.cells.items():
            found[state] += count
        return found

    @property
    def verdicts(self) -> Counter[str]:
        """Items that have an outcome, by verdict; "" for those that have none yet."""
        found: Counter[str] = Counter()
        for (state, verdict), count in self.cells.items():
            if state in OUTCOMES:
                found[verdict] += count
        return found

    def count(self, states: Iterable[str]) -> int:
        counts = self.states
        return sum(counts[state] for state in states)

    @property
    def total(self) -> int:
        """All but the skipped ones: those were never to be sent."""
        return self.states.total() - self.states[ItemState.SKIPPED]

    @property
    def answered(self) -> int:
        """How many have their outcome; an answer after which another attempt follows is none."""
        return self.count(OUTCOMES)

    @property
    def left(self) -> int:
        return self.count(UNFINISHED)

    @property
    def cut(self) -> int:
        """Stopped or already gone, as far as the API's answer goes."""
        return self.count(CUT)

    @property
    def refused_or_failed(self) -> int:
        """Not stopped, as far as the API's answer goes."""
        return self.count(NOT_STOPPED)

    @property
    def has_verdicts(self) -> bool:
        """Whether any item has a verdict, and be it that none can be had."""
        return any(self.verdicts[verdict] for verdict in Verdict)

    @property
    def is_judged(self) -> bool:
        """Whether a list has settled anything: gone, alive or back."""
        return any(self.verdicts[verdict] for verdict in SETTLED)

    @property
    def confirmed_gone(self) -> int:
        return self.verdicts[Verdict.CONFIRMED_GONE]

    @property
    def came_back(self) -> int:
        return self.verdicts[Verdict.CAME_BACK]

    @property
    def alive_or_back(self) -> int:
        return self.verdicts[Verdict.STILL_ALIVE] + self.came_back

    @property
    def unconfirmed(self) -> int:
        """Stopped or already gone by the API's answer alone."""
        return self._unsettled(*CUT)

    @property
    def not_stopped(self) -> int:
        """Still alive, or refused or failed: what may have been stopped is `unknown`."""
        return self.verdicts[Verdict.STILL_ALIVE] + self._unsettled(*NOT_STOPPED)

    @property
    def unknown(self) -> int:
        return self._unsettled(ItemState.UNKNOWN)

    @property
    def cancelled(self) -> int:
        return self.states[ItemState.CANCELLED]

    @property
    def waiting_or_cancelled(self) -> int:
        return self.left + self.cancelled

    @property
    def needs_look(self) -> int:
        """How many are not, or not known to be, gone: the same as `StopItem.objects.needs_look()`."""
        return sum(count for (state, verdict), count in self.cells.items() if needs_look(state, verdict))

    def _unsettled(self, *states: str) -> int:
        return sum(self.cells[state, verdict] for state in states for verdict in ("", Verdict.UNVERIFIED))


def needs_look(state: str, verdict: str) -> bool:
    """Whether a person should look at such an item: it is not gone, not known to be gone, or came back."""
    if verdict:
        return verdict != Verdict.CONFIRMED_GONE
    return state in NEEDS_LOOK


def tallies(runs: Iterable[StopRun]) -> dict[int, Tally]:
    """The items of each of `runs`, counted, by the run's primary key; `last_answer_at` is that of the last cut."""
    found: dict[int, Tally] = defaultdict(Tally)
    rows = StopItem.objects.in_runs(list(runs)).order_by().values_list("run", "state", "verdict")
    last_cut = Max("answered_at", filter=Q(state__in=CUT))
    for run_id, state, verdict, count, last in rows.annotate(count=Count("pk"), last=last_cut):
        found[run_id].add(Tally(Counter({(state, verdict): count}), last_answer_at=last))
    return found
