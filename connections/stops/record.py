"""Writing down what became of a claim: answered, withdrawn, or lost with its worker."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from connections.models import AuditEvent, Connection, StopItem
from connections.models.accounts import Call, StopCall
from connections.models.states import ConnectionStatus, ItemState, connection_after, fold
from connections.remoteit import Answer, Cause, Outcome
from connections.stops.pacing import Decision, decide

if TYPE_CHECKING:
    from connections.audit.append import Entry
    from connections.models.runs import StopItemQuerySet
    from connections.stops.claim import Claim


@dataclass(frozen=True)
class Answered:
    """A claim and the API's answer to it, with the moment it came."""

    claim: Claim
    answer: Answer
    at: datetime = field(default_factory=timezone.now)

    @property
    def account_id(self) -> int:
        return self.claim.item.account_id


def record_answer(answered: Answered, *, limits: int = 0) -> tuple[list[Entry], Decision]:
    """Write one answer: the item's state, its connection's, and the audit line, which is returned to be appended.

    The update is guarded by the attempt: the late answer of an attempt that recovery has overtaken changes
    nothing, but still gets its line. `limits`: how often in a row remote.it limited the account before.
    """
    claim, answer = answered.claim, answered.answer
    by_graphql = _asks_graphql_next(claim, answer)
    decision = (
        Decision(retry_in=0.0)
        if by_graphql
        else decide(
            answer,
            attempt=claim.attempt - claim.item.limited,
            max_attempts=settings.STOP_MAX_ATTEMPTS,
            limits=limits,
            jitter=random.random(),  # noqa: S311 - spreads retries, protects nothing
            now=answered.at,
        )
    )
    unclear_attempt = claim.item.unclear_attempt
    if answer.outcome == Outcome.UNKNOWN and unclear_attempt is None:
        unclear_attempt = claim.attempt
    state = ItemState.QUEUED if decision.retry_in is not None else _folded(claim, answer.outcome)
    moved = _held(claim).update(
        state=state,
        worker=None,
        unclear_attempt=unclear_attempt,
        limited=claim.item.limited + (decision.pause is not None),
        not_before=_after(answered.at, decision.retry_in),
        next_call=Call.GRAPHQL if by_graphql else claim.item.next_call,
        answered_at=answered.at,
        took_ms=answer.took_ms,
        upstream_status=answer.status,
        upstream_reason=answer.reason,
    )
    if not moved and _is_recorded_already(answered):
        return [], decision
    if moved and state != ItemState.QUEUED:
        _release_connection(claim, state)
    return [_answer_line(answered, state, late=not moved)], decision


def record_withdrawn(claim: Claim, why: str) -> list[Entry]:
    """Put back a claim of which nothing was sent; it costs no attempt. Returns the audit line."""
    first = claim.attempt == 1
    back: dict[str, object] = {"state": ItemState.QUEUED, "worker": None, "attempts": F("attempts") - 1}
    if first:
        back |= {"sent_at": None, "connection_was": ""}
    if not _held(claim).update(**back):
        return []
    if first:
        Connection.objects.filter(pk=claim.connection.pk, status=ConnectionStatus.STOPPING).update(
            status=claim.item.connection_was, status_at=timezone.now()
        )
    return [claim.entry("stop.withdrawn", why=why)]


def record_orphan(claim: Claim, why: str) -> list[Entry]:
    """Write down that nobody will read the answer to this attempt: it may have happened. Returns the audit line."""
    answer = Answer(Outcome.UNKNOWN, Cause.NONE, status=None, reason=why, took_ms=None)
    entries, _ = record_answer(Answered(claim, answer))
    return entries


def _asks_graphql_next(claim: Claim, answer: Answer) -> bool:
    # Whether REST knows an id that the list gave is not documented; the account chose to ask the other call, too.
    both = claim.item.account.stop_call == StopCall.REST_GRAPHQL
    return both and claim.call == Call.REST and answer.outcome == Outcome.ALREADY_GONE


def _folded(claim: Claim, outcome: str) -> ItemState:
    return fold(outcome, unclear=claim.unclear, real=claim.connection.is_known_to_be_real)


def _held(claim: Claim) -> StopItemQuerySet:
    return StopItem.objects.sending().filter(pk=claim.item.pk, attempts=claim.attempt, worker=claim.item.worker_id)


def _release_connection(claim: Claim, state: ItemState) -> None:
    status = connection_after(state, unclear=claim.unclear, before=ConnectionStatus(claim.item.connection_was))
    Connection.objects.filter(pk=claim.connection.pk, status=ConnectionStatus.STOPPING).update(
        status=status, status_at=timezone.now()
    )


def _is_recorded_already(answered: Answered) -> bool:
    # The database went away while it committed, and had committed: the same answer comes here again.
    lines = AuditEvent.objects.filter(run=answered.claim.item.run_id, connection=answered.claim.connection)
    return lines.filter(action="stop.answered", at=answered.at).exists()


def _answer_line(answered: Answered, state: ItemState, *, late: bool) -> Entry:
    claim, answer = answered.claim, answered.answer
    possibly_ours = state == ItemState.ALREADY_GONE and claim.unclear
    return claim.entry(
        "stop.answered",
        at=answered.at,
        outcome=str(answer.outcome),
        item_outcome=None if late or state == ItemState.QUEUED else str(state),
        upstream_status=answer.status,
        upstream_reason=answer.reason,
        took_ms=answer.took_ms,
        call=claim.call,
        possibly_by_attempt=claim.item.unclear_attempt if possibly_ours else None,
        late=True if late else None,
    )


def _after(at: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else at + timedelta(seconds=seconds)
