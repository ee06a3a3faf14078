"""What of runs needs a person now: what is open or undecided, and what somebody paused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef

from connections.models import StopItem, StopRun
from connections.models.rights import may
from connections.stops.progress.left import Standing, left_by_run

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
    by_run = left_by_run(runs.exclude(pk__in=_going(runs).values("pk")))
    found = [
        Need(run_id, kind, counts)
        for kind, standings in KINDS.items()
        for run_id, left in sorted(by_run.items(), reverse=True)
        if (counts := Counter({str(one): left[one] for one in standings if left[one]}))
    ]
    return [*found, *_paused(runs)]


def under_way(user: User) -> StopRunQuerySet:
    """The runs that `user` may see and that go on by themselves, the newest first."""
    runs = StopRun.objects.visible_to(user).started()
    return _going(runs).filter(paused_at=None).order_by("-pk")


def _paused(runs: StopRunQuerySet) -> list[Need]:
    paused = _going(runs).filter(paused_at__isnull=False, cancelled_at=None)
    rows = StopItem.objects.in_runs(paused).queued().order_by("-run").values_list("run")
    return [Need(run_id, PAUSED, Counter({PAUSED: count})) for run_id, count in rows.annotate(count=Count("pk"))]


def _going(runs: StopRunQuerySet) -> StopRunQuerySet:
    unfinished = StopItem.objects.unfinished().visible_to(runs.viewer)
    return runs.filter(Exists(unfinished.filter(run=OuterRef("pk"))))
