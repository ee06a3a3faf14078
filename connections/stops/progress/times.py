"""How long the cuts of a run took, counted in equal spans of time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from connections.models.states import CUT

if TYPE_CHECKING:
    from connections.models import StopRun
    from connections.stops.progress.progress import TimeToAnswer

MOST_SPANS = 24
WIDTHS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)


@dataclass(frozen=True)
class Span:
    """`count` connections were cut between `start_s` and `end_s`, seconds after the click that started the run."""

    start_s: float
    end_s: float
    count: int


def spans(run: StopRun, time: TimeToAnswer) -> list[Span]:
    """The cuts of `run`, a started one whose times are `time`, from the click to the last. One query."""
    width = span_width(time.last)
    edges = [width * number for number in range(math.floor(time.last / width) + 2)]
    counted = run.items.filter(state__in=CUT).aggregate(
        **{
            f"span_{number}": Count("pk", filter=_between(run.started_at, edges, number))
            for number in range(len(edges) - 1)
        }
    )
    return [Span(edges[number], edges[number + 1], counted[f"span_{number}"]) for number in range(len(edges) - 1)]


def span_width(last_s: float) -> float:
    """The smallest round width, in seconds, of which at most MOST_SPANS reach beyond `last_s`."""
    for width in WIDTHS_S:
        if last_s < MOST_SPANS * width:
            return width
    return WIDTHS_S[-1] * (math.floor(last_s / (MOST_SPANS * WIDTHS_S[-1])) + 1)


def _between(clicked_at: datetime | None, edges: list[float], number: int) -> Q:
    # Open at both ends: the worker's clock may lag behind that of the page's host.
    inside = Q(answered_at__isnull=False)
    if clicked_at and number:
        inside &= Q(answered_at__gte=clicked_at + timedelta(seconds=edges[number]))
    if clicked_at and number < len(edges) - 2:
        inside &= Q(answered_at__lt=clicked_at + timedelta(seconds=edges[number + 1]))
    return inside
