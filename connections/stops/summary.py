"""What one person's runs of a period came to, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, FloatField, Func

from connections.models import StopItem, StopRun
from connections.models.states import UNFINISHED, ItemState
from connections.stops.tally import CUT

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


@dataclass(frozen=True)
class Summary:
    """`states`: the connections asked for, by what became of them. `median_s`: from the click to the cut, in seconds.

    Skipped connections were never to be sent and count nowhere. Without a cut there is no median.
    """

    runs: int
    states: Counter[str]
    median_s: float | None

    @property
    def asked(self) -> int:
        return self.states.total()

    @property
    def cut(self) -> int:
        return sum(self.states[state] for state in CUT)

    @property
    def not_stopped(self) -> int:
        return self.states[ItemState.REFUSED] + self.states[ItemState.FAILED]

    @property
    def unknown(self) -> int:
        return self.states[ItemState.UNKNOWN]

    @property
    def cancelled(self) -> int:
        return self.states[ItemState.CANCELLED]

    @property
    def left(self) -> int:
        return sum(self.states[state] for state in UNFINISHED)


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


def summarize(user: User, since: datetime | None = None, until: datetime | None = None) -> Summary:
    """Count the runs that `user` started from `since` on and before `until`, and their connections."""
    runs = StopRun.objects.started().filter(user=user)
    if since is not None:
        runs = runs.filter(started_at__gte=since)
    if until is not None:
        runs = runs.filter(started_at__lt=until)
    items = StopItem.objects.filter(run__in=runs.values("pk")).exclude(state=ItemState.SKIPPED).order_by()
    states = Counter(dict(items.values_list("state").annotate(count=Count("pk"))))
    cut = sum(states[state] for state in CUT)
    return Summary(runs.count(), states, _median(runs, cut) if cut else None)


def _median(runs: Any, count: int) -> float:
    seconds = SecondsBetween(F("answered_at"), F("run__started_at"))
    cuts = StopItem.objects.filter(run__in=runs.values("pk"), state__in=CUT, answered_at__isnull=False)
    middle = cuts.annotate(seconds=seconds).order_by("seconds").values_list("seconds", flat=True)
    at_rank = list(middle[(count - 1) // 2 : (count + 1) // 2])
    # The worker's clock may lag behind that of the page's host.
    return max(float(at_rank[0]), 0.0) if at_rank else 0.0
