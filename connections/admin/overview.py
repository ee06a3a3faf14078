"""The first page after signing in: what is open, what is under way, what came of the last runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from connections.admin.counting import count_capped, in_words
from connections.admin.list_state import left_condition, list_state
from connections.admin.outcomes import outcome_labels
from connections.audit import triggers
from connections.models import Account, Connection, StopItem, StopRun, Worker
from connections.models.states import ConnectionStatus
from connections.stops.tally import tallies

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LAST_RUNS = 5
LONGEST_OPEN = 5


def overview(user: User) -> dict[str, Any]:
    """The context of the page, for `user`, who may see connections."""
    connections = Connection.objects.visible_to(user)
    accounts = list(Account.objects.all())
    live = connections.open().within_end()
    runs = list(StopRun.objects.visible_to(user).started().order_by("-pk")[:LAST_RUNS])
    counted = tallies(runs)
    waiting = StopItem.objects.unfinished().filter(run__in=StopRun.objects.started())
    return {
        "lists": list_state(accounts),
        "open": in_words(count_capped(live)),
        "past_end": count_capped(connections.open().filter(expires_at__lte=timezone.now())),
        "unknown": count_capped(connections.filter(status=ConnectionStatus.UNKNOWN)),
        "stopping": count_capped(connections.filter(status=ConnectionStatus.STOPPING)),
        "waiting": count_capped(waiting),
        "workers": Worker.objects.alive().count(),
        "triggers_missing": bool(triggers.missing()),
        "runs": [(run, counted[run.pk], outcome_labels(counted[run.pk])) for run in runs],
        "longest": live.exclude(left_condition(accounts))
        .filter(opened_at__isnull=False)
        .order_by("opened_at", "pk")[:LONGEST_OPEN],
    }
