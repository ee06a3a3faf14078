"""The overview's charts: what is open by account and service, and what stops came to in the last hours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, TextField
from django.db.models.functions import Cast, Substr
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.admin.charts import BASE, DIGIT_WIDTH, GAP, RIGHT, TOP, Label, even_top
from connections.db.counts import rows_together
from connections.models import StopItem
from connections.models.states import CUT, NOT_STOPPED, ItemState
from connections.words.counts import number

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from connections.models.connections import ConnectionQuerySet
    from connections.models.runs import StopRunQuerySet

HOURS = 24
EVERY_H = 4
MOST_BARS = 4
BY = {"account": "account__name", "service": "service_name"}
GROUPS = (
    ("stopped", gettext_lazy("stopped or already gone"), CUT),
    ("trouble", gettext_lazy("refused or failed"), NOT_STOPPED),
    ("unknown", gettext_lazy("unknown"), (ItemState.UNKNOWN,)),
)
"""The colour of each part of a column, what it counts, and the outcomes that it counts."""


@dataclass(frozen=True)
class Column:
    """An hour: when it began, how many came to each of GROUPS, and a rectangle for each, as colour, top and height."""

    words: str
    counts: list[int]
    x: str
    width: str
    parts: list[tuple[str, str, str]]


@dataclass(frozen=True)
class HoursChart:
    """`left`: where the plot begins; `legend`: colour, words and sum of each of GROUPS."""

    left: str
    columns: list[Column]
    times: list[Label]
    counts: list[Label]
    legend: list[tuple[str, str | Promise, int]]

    @property
    def filled(self) -> list[Column]:
        return [column for column in self.columns if any(column.counts)]


def open_by(rows: ConnectionQuerySet, *names: str, is_counted: bool) -> dict[str, list[tuple[str, int]]]:
    """For each of `names`, as `by_NAME`, how many of `rows` there are by it; without any where they are not counted."""
    asked = [rows.order_by().values_list(BY[name]).annotate(count=Count("pk")) for name in names]
    found = rows_together(asked) if is_counted else [[] for _name in names]
    return {f"by_{name}": _bars(counts) for name, counts in zip(names, found, strict=True)}


def _bars(counted: list[tuple[Any, ...]]) -> list[tuple[str, int]]:
    """The most first; those beyond MOST_BARS in one."""
    found = sorted(counted, key=lambda one: (-one[1], one[0]))
    shown = [(name or _("without a name"), count) for name, count in found[:MOST_BARS]]
    others = sum(count for _name, count in found[MOST_BARS:])
    return [*shown, (_("others"), others)] if others else shown


def stops_by_hour(runs: StopRunQuerySet, now: datetime) -> HoursChart | None:
    """What the answers to those of `runs` came to that were started in the last hours; None when there was none."""
    first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    hours = [first + timedelta(hours=number) for number in range(HOURS)]
    found = _counted(runs, first)
    table = [
        [sum(found[f"{hour:%Y-%m-%d %H}", state] for state in states) for _css, _words, states in GROUPS]
        for hour in hours
    ]
    highest = max(map(sum, table))
    return _chart([timezone.localtime(hour).strftime("%H:%M") for hour in hours], table, highest) if highest else None


def _counted(runs: StopRunQuerySet, first: datetime) -> Counter[tuple[str, str]]:
    # The hour as both databases write it: a function of Django's would be called for each row on SQLite. And by the
    # runs, since no index leads from a time to items.
    items = StopItem.objects.in_runs(runs.filter(started_at__gte=first)).filter(answered_at__gte=first)
    hour = Substr(Cast("answered_at", TextField()), 1, len("2026-01-31 23"))
    rows = items.order_by().annotate(hour=hour).values_list("hour", "state").annotate(count=Count("pk"))
    return Counter({(at, state): count for at, state, count in rows})


def _chart(times: list[str], table: list[list[int]], highest: int) -> HoursChart:
    top = even_top(highest)
    left = 14.0 + DIGIT_WIDTH * len(number(top))
    step = (RIGHT - left) / HOURS
    starts = [left + number * step for number in range(HOURS)]
    return HoursChart(
        f"{left:.1f}",
        [_column(*one, step, top) for one in zip(times, table, starts, strict=True)],
        [Label(times[number], f"{starts[number] + step / 2:.1f}") for number in range(0, HOURS, EVERY_H)],
        [Label(number(count), f"{BASE - (BASE - TOP) * count / top:.1f}") for count in (0, top // 2, top)],
        [(css, words, sum(counts[at] for counts in table)) for at, (css, words, _states) in enumerate(GROUPS)],
    )


def _column(words: str, counts: list[int], x: float, step: float, top: int) -> Column:
    parts, y = [], BASE
    for (css, _words, _states), count in zip(GROUPS, counts, strict=True):
        height = (BASE - TOP) * count / top
        y -= height
        if count:
            parts.append((css, f"{y:.1f}", f"{height:.1f}"))
    return Column(words, counts, f"{x + GAP / 2:.1f}", f"{step - GAP:.1f}", parts)
