"""What of runs needs a person now: what is open or undecided, and what somebody paused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Count, Exists, OuterRef, Value

from connections.db.counts import rows_together
from connections.models import StopItem, StopRun
from connections.models.rights import may
from connections.stops.progress.left import Standing, standings_by_run

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models.runs import StopRunQuerySet

PAUSED = "paused"
KINDS: dict[str, tuple[Standing, ...]] = {
    "back": (Standing.BACK,),
    "open": (Standing.OPEN, Standing.DOUBT),
    "unverified": (Standing.UNVERIFIED,),
}
"""Each thing that a person can do something about at once, and the standings that it covers; most pressing first."""


@dataclass(frozen=True)
class Need:
    """One thing to do. `kind`: one of KINDS or PAUSED; `counts`: by standing, or how many are not sent."""

    run_id: int
    kind: str
    counts: Counter[str]

    @property
    def count(self) -> int:
        return self.counts.total()


def needs(user: User) -> list[Need]:
    """What needs `user`, who can do something about it: their own runs, and everybody's with `manage_runs`."""
    if not may(user, "stop_connection"):
        return []
    runs = StopRun.objects.visible_to(user).started()
    if not may(user, "manage_runs"):
        runs = runs.filter(user=user)
    by_run = _counted(runs)
    found = [
        Need(run_id, kind, counts)
        for kind, standings in KINDS.items()
        for run_id, left in sorted(by_run.items(), reverse=True)
        if (counts := Counter({str(one): left[one] for one in standings if left[one]}))
    ]
    paused = sorted(((run_id, left[PAUSED]) for run_id, left in by_run.items() if left[PAUSED]), reverse=True)
    return [*found, *(Need(run_id, PAUSED, Counter({PAUSED: count})) for run_id, count in paused)]


def under_way(user: User) -> StopRunQuerySet:
    """The runs that `user` may see and that go on by themselves, the newest first."""
    runs = StopRun.objects.visible_to(user).started()
    return going(runs).filter(paused_at=None).order_by("-pk")


def _counted(runs: StopRunQuerySet) -> dict[int, Counter[str]]:
    """What waits for somebody of each of `runs`, by standing; and of those that are paused, what is not sent."""
    over = runs.exclude(pk__in=going(runs).values("pk"))
    paused = going(runs).filter(paused_at__isnull=False, cancelled_at=None)
    queued: Any = StopItem.objects.in_runs(paused).queued().annotate(standing=Value(PAUSED, CharField()))
    both = [standings_by_run(over), queued.order_by().values_list("run", "standing").annotate(count=Count("pk"))]
    found: dict[int, Counter[str]] = {}
    for run_id, standing, count in chain.from_iterable(rows_together(both)):
        found.setdefault(run_id, Counter())[standing] += count
    return found


def going(runs: StopRunQuerySet) -> StopRunQuerySet:
    """Those of `runs`, started ones, that have something to send, or await an answer."""
    unfinished = StopItem.objects.unfinished().visible_to(runs.viewer)
    # One whose end is told is over for good: its items are not looked at.
    return runs.filter(Exists(unfinished.filter(run=OuterRef("pk")).order_by()), finished_at=None)
