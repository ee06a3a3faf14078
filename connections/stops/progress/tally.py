"""The items of runs, counted by state and verdict."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q

from connections.models import StopItem, StopRun
from connections.models.states import NOT_STOPPED, OUTCOMES, UNFINISHED, ItemState, Verdict

CUT = (ItemState.STOPPED, ItemState.ALREADY_GONE)
"""The outcomes after which nothing is left to cut, as far as the API's answer goes."""
SETTLED = (Verdict.CONFIRMED_GONE, Verdict.STILL_ALIVE, Verdict.CAME_BACK)
"""The verdicts that a list gave."""


@dataclass
class Tally:
    """Items counted by state, and by state and verdict ("" while they have none).

    `recent`: those that got their outcome in the last `RATE_WINDOW_S` seconds; `again`: those queued after an attempt.
    `last_watched_at`: the last answer of those whose verdict may change; `back_after_s`: seconds until the first came
    back.
    """

    states: Counter[str] = field(default_factory=Counter)
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    recent: int = 0
    again: int = 0
    last_answer_at: datetime | None = None
    last_verdict_at: datetime | None = None
    last_watched_at: datetime | None = None
    back_after_s: int | None = None

    def add(self, other: Tally) -> None:
        self.states += other.states
        self.cells += other.cells
        self.recent += other.recent
        self.again += other.again
        for name in ("last_answer_at", "last_verdict_at", "last_watched_at"):
            setattr(self, name, max(filter(None, (getattr(self, name), getattr(other, name))), default=None))
        after = [seconds for seconds in (self.back_after_s, other.back_after_s) if seconds is not None]
        self.back_after_s = min(after, default=None)

    def count(self, states: Iterable[str]) -> int:
        return sum(self.states[state] for state in states)

    @property
    def verdicts(self) -> Counter[str]:
        """Items that have an outcome, by verdict; "" for those that have none yet."""
        found: Counter[str] = Counter()
        for (state, verdict), count in self.cells.items():
            if state in OUTCOMES:
                found[verdict] += count
        return found

    @property
    def has_verdicts(self) -> bool:
        """Whether any item has a verdict, and be it that none can be had."""
        return any(self.verdicts[verdict] for verdict in Verdict)

    @property
    def is_judged(self) -> bool:
        """Whether a list has settled anything: gone, alive or back."""
        return any(self.verdicts[verdict] for verdict in SETTLED)

    @property
    def alive_or_back(self) -> int:
        return self.verdicts[Verdict.STILL_ALIVE] + self.verdicts[Verdict.CAME_BACK]

    @property
    def needs_look(self) -> int:
        """How many are not, or not known to be, gone: the same as `StopItem.objects.needs_look()`."""
        return sum(count for (state, verdict), count in self.cells.items() if needs_look(state, verdict))

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
    def not_stopped(self) -> int:
        return self.count(NOT_STOPPED)

    @property
    def trouble(self) -> int:
        return self.states[ItemState.REFUSED] + self.states[ItemState.FAILED]


def needs_look(state: str, verdict: str) -> bool:
    """Whether a person should look at such an item: it is not gone, not known to be gone, or came back."""
    if verdict:
        return verdict != Verdict.CONFIRMED_GONE
    return state in NOT_STOPPED


def tallies(runs: Iterable[StopRun]) -> dict[int, Tally]:
    """The items of each of `runs`, counted, by the run's primary key; `last_answer_at` is that of the last cut."""
    found: dict[int, Tally] = defaultdict(Tally)
    rows = StopItem.objects.filter(run__in=[run.pk for run in runs]).order_by().values_list("run", "state", "verdict")
    last_cut = Max("answered_at", filter=Q(state__in=CUT))
    for run_id, state, verdict, count, last in rows.annotate(count=Count("pk"), last=last_cut):
        found[run_id].add(counted(state, verdict, count, last_answer_at=last))
    return found


def counted(state: str, verdict: str, count: int, **facts: Any) -> Tally:
    """The tally of `count` items in one state, with one verdict; `facts` are the further fields."""
    return Tally(states=Counter({state: count}), cells=Counter({(state, verdict): count}), **facts)
