"""Writing down what became of a claim: answered, withdrawn, or lost with its worker."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from connections.db.bulk import update_many, update_same
from connections.models import AuditEvent, Connection, StopItem
from connections.models.states import ConnectionStatus, ItemState, connection_after
from connections.remoteit import Answer, Cause, Outcome
from connections.stops.attempt import Answered
from connections.stops.worker.settle import Settled, settle

if TYPE_CHECKING:
    from connections.audit.append import Entry
    from connections.stops.attempt import Claim


def record_all(batch: list[Settled]) -> list[Entry]:
    """Write answers: the items' states, their connections', and the audit lines, which are returned to be appended.

    Each update is guarded by the attempt. When one of them was overtaken, all are written one by one.
    """
    try:
        with transaction.atomic():
            if update_many(StopItem, [(one.values, _guard(one.claim)) for one in batch]) != len(batch):
                raise _Overtaken
    except _Overtaken:
        return [entry for one in batch for entry in record(one)]
    _release_connections([one for one in batch if one.state != ItemState.QUEUED])
    return [_answer_line(one, late=False) for one in batch]


class _Overtaken(Exception):
    pass


def record(one: Settled) -> list[Entry]:
    """Write one answer. The late answer of an attempt that recovery has overtaken gets its line and changes nothing."""
    moved = StopItem.objects.filter(**_guard(one.claim)).update(**one.values)
    if not moved and _is_recorded_already(one.answered):
        return []
    if moved and one.state != ItemState.QUEUED:
        _release_connections([one])
    return [_answer_line(one, late=not moved)]


def record_withdrawn(claim: Claim, why: str) -> list[Entry]:
    """Put back a claim of which nothing was sent; it costs no attempt. Returns the audit line."""
    first = claim.attempt == 1
    back: dict[str, object] = {"state": ItemState.QUEUED, "worker": None, "attempts": F("attempts") - 1}
    if first:
        back |= {"sent_at": None, "connection_was": ""}
    if not StopItem.objects.filter(**_guard(claim)).update(**back):
        return []
    if first:
        Connection.objects.filter(pk=claim.connection.pk, status=ConnectionStatus.STOPPING).update(
            status=claim.item.connection_was, status_at=timezone.now()
        )
    return [claim.entry("stop.withdrawn", why=why)]


def record_orphan(claim: Claim, why: str) -> list[Entry]:
    """Write down that nobody will read the answer to this attempt: it may have happened. Returns the audit line."""
    answer = Answer(Outcome.UNKNOWN, Cause.NONE, status=None, reason=why, took_ms=None)
    return record(settle(Answered(claim, answer)))


def _guard(claim: Claim) -> dict[str, object]:
    item = claim.item
    return {"pk": item.pk, "state": ItemState.SENDING, "attempts": item.attempts, "worker_id": item.worker_id}


def _release_connections(batch: list[Settled]) -> None:
    by_status = defaultdict(list)
    for one in batch:
        before = ConnectionStatus(one.claim.item.connection_was)
        status = connection_after(one.state, unclear=one.claim.unclear, before=before)
        by_status[status].append(one.claim.item.connection_id)
    for status, ids in by_status.items():
        now = {"status": status, "status_at": timezone.now()}
        update_same(Connection, ids, now, still={"status": [ConnectionStatus.STOPPING]})


def _is_recorded_already(answered: Answered) -> bool:
    # The database went away while it committed, and had committed: the same answer comes here again.
    lines = AuditEvent.objects.filter(run=answered.claim.item.run_id, connection=answered.claim.connection)
    return lines.filter(action="stop.answered", at=answered.at).exists()


def _answer_line(one: Settled, *, late: bool) -> Entry:
    claim, answer = one.claim, one.answered.answer
    possibly_ours = one.state == ItemState.ALREADY_GONE and claim.unclear
    return claim.entry(
        "stop.answered",
        at=one.answered.at,
        outcome=str(answer.outcome),
        item_outcome=None if late or one.state == ItemState.QUEUED else str(one.state),
        upstream_status=answer.status,
        upstream_reason=answer.reason,
        took_ms=answer.took_ms,
        call=claim.call,
        possibly_by_attempt=claim.item.unclear_attempt if possibly_ours else None,
        late=True if late else None,
        escaped=one.answered.escaped or None,
    )
