"""What lists of runs say of each: whether it goes on, whether somebody has to look, what holds it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from connections.models import Account, StopItem
from connections.stops.progress.left import waiting_for_somebody

if TYPE_CHECKING:
    from connections.models import StopRun
    from connections.models.runs import StopRunQuerySet


def with_state(runs: StopRunQuerySet) -> StopRunQuerySet:
    """Each run with `going`, and `trouble`: whether something of it is open or undecided now."""
    items = StopItem.objects.filter(run=OuterRef("pk")).visible_to(runs.viewer)
    annotated: StopRunQuerySet = runs.annotate(
        going=Exists(items.unfinished()), trouble=Exists(waiting_for_somebody(items))
    )
    return annotated


def paused_accounts(runs: list[StopRun]) -> dict[int, list[str]]:
    """The names of the accounts that hold up each of `runs`."""
    rows = StopItem.objects.in_runs(runs).unfinished().filter(account__in=Account.objects.paused())
    found: dict[int, list[str]] = {}
    for run_id, name in rows.order_by().values_list("run", "account__name").distinct():
        found.setdefault(run_id, []).append(name)
    return found
