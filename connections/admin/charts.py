"""The chart of a run's times to cut: where its bars, lines and words stand, as SVG attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.words.counts import number

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from connections.stops.progress.times import Span

TOP, BASE, RIGHT = 10.0, 112.0, 628.0
DIGIT_WIDTH = 7
GAP = 2.0
MOST_LABELS = 8
UNITS = ((3600, gettext_lazy("h")), (60, gettext_lazy("min")), (1, gettext_lazy("s")))


@dataclass(frozen=True)
class Bar:
    """One span: when it was, how many were cut in it, and its rectangle."""

    words: str
    count: int
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Label:
    """Words on an axis, and where along it they stand."""

    words: str
    at: str


@dataclass(frozen=True)
class Chart:
    """`left`: where the plot begins, the labels of its upright axis standing before it."""

    unit: str | Promise
    left: str
    bars: list[Bar]
    times: list[Label]
    counts: list[Label]

    @property
    def filled(self) -> list[Bar]:
        return [bar for bar in self.bars if bar.count]


def cut_chart(spans: list[Span]) -> Chart:
    """The chart of `spans`, of which there is at least one."""
    width = spans[0].end_s - spans[0].start_s
    scale, unit = next((scale, unit) for scale, unit in UNITS if width >= scale or scale == 1)
    top = even_top(max(span.count for span in spans))
    left = 14.0 + DIGIT_WIDTH * len(number(top))
    step = (RIGHT - left) / len(spans)
    edges = [_time(span.start_s / scale) for span in spans] + [_time(spans[-1].end_s / scale)]
    return Chart(
        unit,
        f"{left:.1f}",
        [_bar(edges, number, span.count, left + number * step, step, top) for number, span in enumerate(spans)],
        _times(edges, left, step, unit),
        [Label(number(count), f"{BASE - (BASE - TOP) * count / top:.1f}") for count in (0, top // 2, top)],
    )


def even_top(count: int) -> int:
    """The smallest even round number that is not below `count`."""
    power = int(f"1{'0' * (len(str(count)) - 1)}")
    return next(top for top in (2 * power, 4 * power, 6 * power, 8 * power, 10 * power) if top >= count)


def _bar(edges: list[str], number: int, count: int, x: float, step: float, top: int) -> Bar:
    height = (BASE - TOP) * count / top
    words = _("%(start)s to %(end)s") % {"start": edges[number], "end": edges[number + 1]}
    return Bar(words, count, f"{x + 1:.1f}", f"{BASE - height:.1f}", f"{step - GAP:.1f}", f"{height:.1f}")


def _times(edges: list[str], left: float, step: float, unit: str | Promise) -> list[Label]:
    every = next(every for every in (1, 2, 4) if len(edges) <= MOST_LABELS * every + 1 or every == 4)
    labels = [Label(edges[number], f"{left + number * step:.1f}") for number in range(0, len(edges), every)]
    last = labels[-1]
    return [*labels[:-1], Label(f"{last.words} {unit}", last.at)]


def _time(value: float) -> str:
    rounded = round(value, 1)
    return str(number_format(rounded, decimal_pos=0 if rounded == int(rounded) else 1))
