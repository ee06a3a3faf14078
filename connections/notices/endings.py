"""Finding out that a run is over, and telling it to the history: nobody else does, for its last item is one of many."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.models import StopItem, StopRun
from connections.stops.progress.left import read_left
from connections.stops.progress.tally import tallies

if TYPE_CHECKING:
    from typing import Any

VERDICTS_WITHIN = timedelta(seconds=90)
"""So long after the last answer the end of a run waits for verdicts: two readings of a list fit into that."""
AT_ONCE = 20


def tell_endings() -> None:
    """Give each run that is over its line `run.finished`: what it came to, and how much of it is left to do."""
    items = StopItem.objects.filter(run=OuterRef("pk"))
    lately = timezone.now() - VERDICTS_WITHIN
    over = StopRun.objects.started().filter(finished_at=None).filter(~Exists(items.unfinished()))
    over = over.filter(~Exists(items.awaiting_verdict().filter(answered_at__gt=lately)))
    for run in over.select_related("user", "taken_by").order_by("pk")[:AT_ONCE]:
        _finish(run)


def _finish(run: StopRun) -> None:
    with transaction.atomic():
        if not StopRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=timezone.now()):
            return  # by another worker
        append([Entry("run.finished", WORKER, actor=run.steward, run=run, facts=_facts(run))])


def _facts(run: StopRun) -> dict[str, Any]:
    tally = tallies([run])[run.pk]
    return {
        "outcomes": {str(state): count for state, count in sorted(tally.states.items())},
        "verdicts": {str(verdict): count for verdict, count in sorted(tally.verdicts.items()) if verdict},
        "left": read_left(run).to_do,
    }
