"""Taking back what is queued: of runs that were cancelled, and of people who may not stop any more."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.models import Connection, StopItem, StopRun
from connections.models.accounts import lock_accounts
from connections.models.states import ConnectionStatus, ItemState, SkipReason, connection_after
from connections.stops.attempt import Claim
from connections.stops.plan import may_stop

CHUNK = 1000


def cancel_queued_items(run: StopRun) -> None:
    """Carry out a cancellation that is wished for, in small transactions; the workers take it up when this dies."""
    while _withdraw(run, ItemState.CANCELLED):
        pass


def go_on_cancelling() -> None:
    """Carry out one chunk more of each cancellation that is not finished: perhaps its process died."""
    cancelled = StopItem.objects.queued().filter(run__cancelled_at__isnull=False)
    for run in StopRun.objects.filter(pk__in=cancelled.values("run")):
        _withdraw(run, ItemState.CANCELLED)


def skip_what_is_not_allowed(run_ids: Collection[int]) -> None:
    """Skip one chunk more of what is queued in those of the runs whose person may not stop any more."""
    runs = StopRun.objects.filter(pk__in=run_ids)
    for user in User.objects.filter(pk__in=runs.values("user")):
        if not may_stop(user):
            for run in runs.filter(user=user):
                _withdraw(run, ItemState.SKIPPED)


def _withdraw(run: StopRun, state: ItemState) -> int:
    """Put a chunk of what is queued into `state`, with the lines of what is skipped; returns how many there were."""
    queued = dict(run.items.queued().values_list("pk", "account")[:CHUNK])
    if not queued:
        return 0
    with transaction.atomic():
        lock_accounts(queued.values())
        items = StopItem.objects.queued().select_for_update(no_key=True, of=("self",)).filter(pk__in=queued)
        found = list(items.select_related("connection", "account", "run__user").order_by("pk"))
        # An attempt that may have happened can't be taken back any more: such an item ends unknown.
        unclear = [item for item in found if item.unclear_attempt is not None]
        withdrawn = [item for item in found if item.unclear_attempt is None]
        _put(unclear, ItemState.UNKNOWN)
        _put(withdrawn, state)
        if state == ItemState.SKIPPED and found:
            append(
                [_skipped(item, None) for item in withdrawn] + [_skipped(item, ItemState.UNKNOWN) for item in unclear]
            )
    return len(queued)


def _skipped(item: StopItem, outcome: ItemState | None) -> Entry:
    # A cancelled run has one line for all that it takes back; for these the item's own line has to tell its end.
    ends = str(outcome) if outcome else None
    return Claim(item).entry("stop.skipped", attempt=None, why=str(SkipReason.NOT_ALLOWED), item_outcome=ends)


def _put(items: list[StopItem], state: ItemState) -> None:
    why = SkipReason.NOT_ALLOWED if state == ItemState.SKIPPED else ""
    StopItem.objects.queued().filter(pk__in=[item.pk for item in items]).update(state=state, skipped_why=why)
    for was in ConnectionStatus:
        held = [item.connection_id for item in items if item.connection_was == was]
        if held:
            after = connection_after(state, unclear=False, before=was)
            Connection.objects.filter(pk__in=held, status=ConnectionStatus.STOPPING).update(
                status=after, status_at=timezone.now()
            )
