"""What people's runs of a period came to, in numbers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, FloatField, Func

from connections.models import StopItem, StopRun
from connections.models.states import CUT, ItemState
from connections.stops.progress.tally import Tally

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from connections.models.runs import StopRunQuerySet


@dataclass
class Summary(Tally):
    """Of so many `runs`; skipped connections are left out.

    `median_s`: the seconds from the click to the cut, None without one.
    """

    runs: int = 0
    median_s: float | None = None


class SecondsBetween(Func):
    """The seconds from the second time to the first, by the database's own functions."""

    arity = 2
    output_field = FloatField()
    template = "EXTRACT(EPOCH FROM (%(expressions)s))"
    arg_joiner = " - "

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        later, earlier = (compiler.compile(expression) for expression in self.source_expressions)
        # Django's own subtraction calls Python for every row.
        return f"(julianday({later[0]}) - julianday({earlier[0]})) * 86400.0", (*later[1], *earlier[1])


def summarize(
    user: User, since: datetime | None = None, until: datetime | None = None, *, viewer: User | None = None
) -> Summary:
    """Count the runs that `user` started from `since` on and before `until`, and their connections.

    Of both what `viewer` may see; None: all.
    """
    runs = _runs(since, until, viewer).filter(user=user)
    found = _counted(runs).get(user.pk, Summary())
    found.median_s = _median(runs, found.cut)
    return found


def summarize_people(
    since: datetime | None, until: datetime | None, most: int, *, viewer: User
) -> tuple[dict[int, Summary], int]:
    """The same for those `most` people who asked for most then, by primary key, and how many others there are."""
    runs = _runs(since, until, viewer)
    found = sorted(_counted(runs).items(), key=lambda pair: pair[1].total, reverse=True)
    for user_id, summary in found[:most]:
        # One by one: a window over all of them sorts far more.
        summary.median_s = _median(runs.filter(user=user_id), summary.cut)
    return dict(found[:most]), len(found[most:])


def _runs(since: datetime | None, until: datetime | None, viewer: User | None) -> StopRunQuerySet:
    seen = StopRun.objects.all() if viewer is None else StopRun.objects.visible_to(viewer)
    runs = seen.started().order_by()
    if since is not None:
        runs = runs.filter(started_at__gte=since)
    if until is not None:
        runs = runs.filter(started_at__lt=until)
    return runs


def _counted(runs: StopRunQuerySet) -> dict[int, Summary]:
    """The runs and their connections, by the person who asked."""
    found: dict[int, Summary] = defaultdict(Summary)
    user_of = dict(runs.values_list("pk", "user"))
    for user_id in user_of.values():
        found[user_id].runs += 1
    items = StopItem.objects.in_runs(runs.values("pk")).exclude(state=ItemState.SKIPPED).order_by()
    for run_id, state, verdict, count in items.values_list("run", "state", "verdict").annotate(count=Count("pk")):
        if run_id in user_of:  # one that was started meanwhile is not
            found[user_of[run_id]].cells[state, verdict] += count
    return dict(found)


def _median(runs: StopRunQuerySet, cuts: int) -> float | None:
    """The seconds from the click to the cut, in the middle of so many `cuts`; None without one."""
    if not cuts:
        return None
    seconds = SecondsBetween(F("answered_at"), F("run__started_at"))
    cut = StopItem.objects.in_runs(runs.values("pk")).filter(state__in=CUT, answered_at__isnull=False)
    in_order = cut.annotate(seconds=seconds).order_by("seconds").values_list("seconds", flat=True)
    middle = in_order[(cuts - 1) // 2 : (cuts + 1) // 2].first()
    # The worker's clock may lag behind that of the page's host.
    return None if middle is None else max(float(middle), 0.0)
