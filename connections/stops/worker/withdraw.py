"""Taking back what is queued: of runs that were cancelled, of people who may not stop any more, of too long a wait."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.models import Account, Connection, StopItem, StopRun
from connections.models.accounts import lock_accounts
from connections.models.scope import is_bounded
from connections.models.states import ConnectionStatus, ItemState, SkipReason, connection_after
from connections.remoteit.wire.breaks import split
from connections.stops.attempt import Claim
from connections.stops.plan import TAKES, may_stop

CHUNK = 1000
OF_LINES = ("connection", "account", "run__user", "run__taken_by")
"""What the lines of items tell of beside them."""


def cancel_queued_items(run: StopRun) -> None:
    """Carry out a cancellation that is wished for, in small transactions; the workers take it up when this dies."""
    while _withdraw(run, ItemState.CANCELLED):
        pass


def go_on_cancelling() -> None:
    """Carry out one chunk more of each cancellation that is not finished: perhaps its process died."""
    cancelled = StopItem.objects.queued().filter(run__cancelled_at__isnull=False)
    for run in StopRun.objects.filter(pk__in=cancelled.values("run")):
        _withdraw(run, ItemState.CANCELLED)


def skip_what_is_not_allowed(run_ids: Collection[int]) -> set[int]:
    """Skip what the people of the runs may not stop any more, among the items of each that are sent next.

    Returns the runs of which something was skipped: what comes next in them has not been looked at yet.
    """
    runs = StopRun.objects.filter(pk__in=run_ids)
    skipped = set()
    for user in User.objects.filter(pk__in=[run.steward_id for run in runs]):
        if may_stop(user) and not is_bounded(user, *TAKES):
            continue
        allowed = Connection.objects.stoppable_by(user) if may_stop(user) else Connection.objects.none()
        for run in (one for one in runs if one.steward_id == user.pk):
            next_ones = dict(run.items.queued().order_by("pk").values_list("connection", "pk")[:CHUNK])
            kept = allowed.filter(pk__in=next_ones).values_list("pk", flat=True)
            if outside := next_ones.keys() - set(kept):
                _withdraw(run, ItemState.SKIPPED, [next_ones[key] for key in outside])
                skipped.add(run.pk)
    return skipped


def end_what_waited() -> None:
    """End one chunk more of what has waited for remote.it for as long as its run is to wait: it has failed."""
    for account in Account.objects.filter(reach_due_at__isnull=False):
        waiting = StopItem.objects.queued().filter(account=account)
        for run in StopRun.objects.sendable().filter(pk__in=waiting.values("run")):
            until = run.waits_until(account)
            if until is not None and until <= timezone.now():
                _end_waiting(run, account, until)


def _end_waiting(run: StopRun, account: Account, until: datetime) -> None:
    now = timezone.now()
    with transaction.atomic():
        if not lock_accounts([account.pk])[account.pk].is_unreachable:
            return  # just now
        queued = StopItem.objects.queued().filter(run=run, account=account).order_by("pk")
        locked = queued.select_for_update(no_key=True, of=("self",)).select_related(*OF_LINES)
        unclear, failed = _by_clarity(list(locked[:CHUNK]))
        why = _not_reached(account, until)
        _put(unclear, ItemState.UNKNOWN)
        _put(failed, ItemState.FAILED, answered_at=now, took_ms=None, upstream_status=None, upstream_reason=why)
        skip = SkipReason.NOT_REACHED
        lines = [_skipped(item, skip, ItemState.FAILED, at=now, upstream_reason=why) for item in failed]
        lines += [_skipped(item, skip, ItemState.UNKNOWN) for item in unclear]
        if lines:
            append(lines)


def _not_reached(account: Account, until: datetime) -> str:
    since = account.unreached_since or until
    sentence, _classes = split(account.unreached_why)
    return f"remote.it could not be reached from {since:%H:%M:%S} to {until:%H:%M:%S} UTC: {sentence}"


def _withdraw(run: StopRun, state: ItemState, only: Collection[int] | None = None) -> int:
    """Put a chunk of what is queued into `state`, with the lines of what is skipped; returns how many there were.

    `only`: the keys of the items that are meant, a chunk at most; None: any.
    """
    items = run.items.queued() if only is None else run.items.queued().filter(pk__in=only)
    queued = dict(items.values_list("pk", "account")[:CHUNK])
    if not queued:
        return 0
    with transaction.atomic():
        lock_accounts(queued.values())
        locked = StopItem.objects.queued().select_for_update(no_key=True, of=("self",)).filter(pk__in=queued)
        found = list(locked.select_related(*OF_LINES).order_by("pk"))
        unclear, withdrawn = _by_clarity(found)
        _put(unclear, ItemState.UNKNOWN)
        _put(withdrawn, state)
        if state == ItemState.SKIPPED and found:
            skip = SkipReason.NOT_ALLOWED
            lines = [_skipped(item, skip, None) for item in withdrawn]
            append(lines + [_skipped(item, skip, ItemState.UNKNOWN) for item in unclear])
    return len(queued)


def _by_clarity(items: list[StopItem]) -> tuple[list[StopItem], list[StopItem]]:
    """Those with an attempt that may have happened, which can't be taken back any more and end unknown; the others."""
    unclear = [item for item in items if item.unclear_attempt is not None]
    return unclear, [item for item in items if item.unclear_attempt is None]


def _skipped(
    item: StopItem, why: SkipReason, outcome: ItemState | None, *, at: datetime | None = None, upstream_reason: str = ""
) -> Entry:
    # A cancelled run has one line for all that it takes back; for these the item's own line has to tell its end.
    facts = {"why": str(why), "item_outcome": str(outcome) if outcome else None, "upstream_reason": upstream_reason}
    return Claim(item).entry("stop.skipped", at=at, attempt=None, **facts)


def _put(items: list[StopItem], state: ItemState, **facts: object) -> None:
    why = SkipReason.NOT_ALLOWED if state == ItemState.SKIPPED else ""
    found = StopItem.objects.queued().filter(pk__in=[item.pk for item in items])
    found.update(state=state, skipped_why=why, **facts)
    for was in ConnectionStatus:
        held = [item.connection_id for item in items if item.connection_was == was]
        if held:
            after = connection_after(state, unclear=False, before=was)
            Connection.objects.filter(pk__in=held, status=ConnectionStatus.STOPPING).update(
                status=after, status_at=timezone.now()
            )
