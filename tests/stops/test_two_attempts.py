"""Two attempts at one item, each claimed, answered and recorded as a worker does it: what the item is in the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from pytest_django import Settings

from connections.models import Account, Connection, StopItem, StopRun, Worker
from connections.models.accounts import StopCall, lock_accounts
from connections.models.states import OUTCOMES, ConnectionStatus, ItemState, connection_after
from connections.remoteit import Answer, Cause, Outcome
from connections.stops.attempt import Answered, Claim
from connections.stops.worker.claim import claim, lock_runs
from connections.stops.worker.record import record_all, record_withdrawn
from connections.stops.worker.recover import recover_dead_claims
from connections.stops.worker.settle import settle
from tests.models.test_states import FAILED, GONE, REFUSED, STOPPED, TWO_ATTEMPTS, UNKNOWN
from tests.stops.test_state_machine import LONG_AGO, new_worker, write
from tests.support.runs import start_run

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
FOLLOWED = {REFUSED: Cause.TOKEN, GONE: Cause.CONNECTION, FAILED: Cause.NONE, UNKNOWN: Cause.NONE}
"""First answers after which another attempt is made, with the cause for which it is."""
PAIRS = [pair for pair in TWO_ATTEMPTS if pair[0] in FOLLOWED]


class Stage:
    """One item of a started run, and a worker."""

    def __init__(self, user: User, connection: Connection) -> None:
        self.run: StopRun = start_run(user, connection)
        self.worker: Worker = new_worker()

    @property
    def item(self) -> StopItem:
        return self.run.items.select_related("connection").get()

    def claim(self) -> Claim:
        StopItem.objects.update(not_before=None)
        with transaction.atomic():
            [account] = lock_accounts([self.item.account_id]).values()
            [one], lines = claim(account, list(lock_runs([self.run.pk]).values()), self.worker, 1)
            write(lines)
        return one

    def answer(self, outcome: ItemState, cause: Cause = Cause.NONE) -> None:
        status = None if outcome == FAILED else 401
        answered = Answered(self.claim(), Answer(Outcome(outcome), cause, status, "in these words", 7))
        with transaction.atomic():
            write(record_all([settle(answered)]))

    def withdraw(self) -> None:
        with transaction.atomic():
            write(record_withdrawn(self.claim(), "a pause"))

    def die(self) -> None:
        """The worker dies with its claim; another recovers what it had."""
        self.claim()
        Worker.objects.update(beat_at=LONG_AGO)
        self.worker = new_worker()
        with transaction.atomic():
            write(recover_dead_claims(self.worker, set()))


@pytest.fixture(params=["imported", "listed"])
def stage(
    request: pytest.FixtureRequest,
    alice: User,
    make_connection: Callable[..., Connection],
    settings: Settings,
) -> Stage:
    settings.STOP_MAX_ATTEMPTS = 2
    return Stage(alice, make_connection(known_by=request.param))


def check(stage: Stage, folded: ItemState, *, last: ItemState, unclear: bool) -> None:
    item = stage.item
    is_gone = last == GONE and (unclear or item.connection.is_known_to_be_real)
    assert item.state == (GONE if is_gone else folded)
    after = connection_after(ItemState(item.state), unclear=unclear, before=ConnectionStatus.ACTIVE)
    assert item.connection.status == after


def test_an_accepted_stop_is_followed_by_no_second_attempt(stage: Stage) -> None:
    stage.answer(STOPPED)
    assert stage.item.state == STOPPED


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_answers_fold_into_what_the_table_says(stage: Stage, first: ItemState, second: ItemState) -> None:
    if first == GONE:  # followed by a second attempt where the account has the other call asked, too
        Account.objects.update(stop_call=StopCall.REST_GRAPHQL)
    stage.answer(first, FOLLOWED[first])
    assert stage.item.state == ItemState.QUEUED
    stage.answer(second)
    check(stage, TWO_ATTEMPTS[first, second], last=second, unclear=first == UNKNOWN)
    assert stage.item.attempts == 2


@pytest.mark.parametrize("second", OUTCOMES)
def test_a_worker_that_died_counts_as_an_answer_that_is_not_clear(stage: Stage, second: ItemState) -> None:
    stage.die()
    stage.answer(second)
    check(stage, TWO_ATTEMPTS[UNKNOWN, second], last=second, unclear=True)
    assert stage.item.unclear_attempt == 1


@pytest.mark.parametrize("second", [STOPPED, REFUSED])
def test_a_claim_that_was_withdrawn_counts_for_nothing(stage: Stage, second: ItemState) -> None:
    stage.withdraw()
    stage.answer(second)
    check(stage, second, last=second, unclear=False)
    assert (stage.item.attempts, stage.item.unclear_attempt) == (1, None)


def test_a_claim_that_was_withdrawn_does_not_make_an_unclear_attempt_clear(stage: Stage) -> None:
    stage.answer(UNKNOWN)
    stage.withdraw()
    stage.answer(REFUSED)
    check(stage, UNKNOWN, last=REFUSED, unclear=True)
