"""What an answer makes of its item, before it is written."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from connections.models.accounts import Call, StopCall
from connections.models.states import ItemState, fold
from connections.remoteit import Answer, Outcome
from connections.stops.attempt import Answered
from connections.stops.worker.pace import follow, limits_before
from connections.stops.worker.retry import Decision, decide

if TYPE_CHECKING:
    from connections.models import Account
    from connections.stops.attempt import Claim
    from connections.stops.worker.channel import Line


MOST_ATTEMPTS = 2**15 - 1
"""What the column holds. Limited attempts are no tries, but they are counted; one more could never be written."""


@dataclass(frozen=True)
class Settled:
    """An answer, what follows it, and what the item becomes."""

    answered: Answered
    decision: Decision
    state: ItemState
    next_call: str

    @property
    def claim(self) -> Claim:
        return self.answered.claim

    @property
    def values(self) -> dict[str, object]:
        """What the item becomes, by column."""
        answer, item, at = self.answered.answer, self.claim.item, self.answered.at
        unclear = item.unclear_attempt
        if answer.outcome == Outcome.UNKNOWN and unclear is None:
            unclear = item.attempts
        retry_in = self.decision.retry_in
        return {
            "state": self.state,
            "worker_id": None,
            "unclear_attempt": unclear,
            "limited": item.limited + self.decision.is_free,
            "not_before": None if retry_in is None else at + timedelta(seconds=retry_in),
            "next_call": self.next_call,
            "answered_at": at,
            "took_ms": answer.took_ms,
            "upstream_status": answer.status,
            "upstream_reason": answer.reason,
        }


def settle_by(line: Line, account: Account, answered: Answered) -> Settled:
    """What `answered` makes of its item, and what follows for `account`, whose lock is held, and for its `line`."""
    limits = limits_before(account, answered)
    settled = settle(answered, limits=limits, unreachable=account.is_unreachable)
    follow(account, answered, settled.decision)
    if settled.decision.pause is not None:
        line.hold(settled.decision.pause)
    if settled.decision.waits:
        line.withdraw_waiting("remote.it can't be reached")
    line.note(answered.answer)
    return settled


def settle(answered: Answered, *, limits: int = 0, unreachable: bool = False) -> Settled:
    """What `answered` makes of its item. `limits`: how often in a row remote.it limited the account before.

    `unreachable`: whether no call of the account gets to remote.it at all.
    """
    claim, answer = answered.claim, answered.answer
    if _asks_graphql_next(claim, answer):
        return Settled(answered, Decision(retry_in=0.0), ItemState.QUEUED, Call.GRAPHQL)
    decision = decide(
        answer,
        attempt=claim.attempt - claim.item.limited,
        max_attempts=settings.STOP_MAX_ATTEMPTS,
        limits=limits,
        jitter=random.random(),  # noqa: S311 - spreads retries, protects nothing
        now=answered.at,
        unreachable=unreachable,
    )
    if claim.attempt >= MOST_ATTEMPTS:
        decision = replace(decision, retry_in=None)
    state = ItemState.QUEUED
    if decision.retry_in is None:
        state = fold(answer.outcome, unclear=claim.unclear, real=claim.connection.is_known_to_be_real)
    return Settled(answered, decision, state, claim.item.next_call)


def _asks_graphql_next(claim: Claim, answer: Answer) -> bool:
    # Whether REST knows an id that the list gave is not documented; the account chose to ask the other call, too.
    both = claim.item.account.stop_call == StopCall.REST_GRAPHQL
    return both and claim.call == Call.REST and answer.outcome == Outcome.ALREADY_GONE
