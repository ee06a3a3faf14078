"""Which run had a connection that another one left out for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from connections.models import StopItem
from connections.models.states import UNFINISHED, ItemState, RunState, SkipReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.models import StopRun


def items_of_other_runs(run: StopRun, items: Iterable[StopItem]) -> dict[int, StopItem]:
    """The items, in other runs, of the connections that `run`, a started one, skipped because another had them.

    By the connection's primary key; one query, whose size is that of `items`, the rows of a page. A connection is
    missing when it can't be said who had it.
    """
    taken = [item.connection_id for item in items if item.skipped_why == SkipReason.OTHER_RUN]
    if not taken:
        return {}
    held = (
        Q(state__in=UNFINISHED)
        | Q(answered_at__gte=run.created_at)
        | Q(state=ItemState.CANCELLED, run__cancelled_at__gte=run.created_at)
    )
    # A list drafted after this run began can't be why it left something out.
    drafted_before = Q(run__state=RunState.STARTED, run__created_at__lte=run.started_at)
    others = StopItem.objects.filter(held, drafted_before, connection__in=taken)
    others = others.exclude(run=run).exclude(state=ItemState.SKIPPED)
    # Of several the one that began first is left standing.
    return {item.connection_id: item for item in others.select_related("run").order_by("-run__started_at")}
