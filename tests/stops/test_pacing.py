from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connections.remoteit import Answer, Outcome
from connections.remoteit.answers import Cause
from connections.stops.worker.retry import CLAIM_AHEAD_S, FINAL, Decision, decide, retry_after_seconds, space

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def answer(outcome: str, cause: Cause = Cause.NONE, retry_after: str | None = None) -> Answer:
    return Answer(Outcome(outcome), cause, None, "", 1, retry_after)


def follow(said: Answer, *, attempt: int = 1, limits: int = 0) -> Decision:
    return decide(said, attempt=attempt, max_attempts=4, limits=limits, jitter=0.5, now=NOW)


@pytest.mark.parametrize("outcome", ["stopped", "already_gone", "refused"])
def test_a_clear_answer_is_the_last(outcome: str) -> None:
    assert follow(answer(outcome)) == FINAL


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
@pytest.mark.parametrize(("attempt", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0)])
def test_trouble_is_tried_again_after_twice_as_long_each_time(outcome: str, attempt: int, seconds: float) -> None:
    assert follow(answer(outcome), attempt=attempt) == Decision(retry_in=seconds)


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_the_last_attempt_is_the_last(outcome: str) -> None:
    assert follow(answer(outcome), attempt=4) == FINAL


def test_a_token_that_ran_out_is_worth_another_attempt() -> None:
    assert follow(answer("refused", Cause.TOKEN)).retry_in is not None


@pytest.mark.parametrize(("limits", "seconds"), [(0, 1), (1, 2), (5, 32), (6, 60), (20, 60)])
def test_a_limit_pauses_for_a_second_doubling_to_a_minute(limits: int, seconds: float) -> None:
    assert follow(answer("refused", Cause.LIMIT), limits=limits) == Decision(retry_in=seconds, pause=seconds)


def test_a_limit_follows_retry_after() -> None:
    assert follow(answer("refused", Cause.LIMIT, "90"), limits=3).pause == 90


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("999999", 3600),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
    ],
)
def test_it_reads_retry_after_in_both_its_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


def test_without_a_limit_everything_free_may_leave_at_once() -> None:
    assert space(3, per_second=0, next_send_in=5).delays == (0, 0, 0)


def test_with_a_limit_stops_are_spaced_and_claimed_no_further_ahead_than_needed() -> None:
    slots = space(100, per_second=10, next_send_in=-3)
    assert slots.delays == pytest.approx((0, 0.105, 0.21))
    assert max(slots.delays) <= CLAIM_AHEAD_S
    assert slots.next_send_in == pytest.approx(0.315)


def test_the_next_worker_goes_on_where_the_last_one_left_off() -> None:
    assert space(5, per_second=10, next_send_in=0.2).delays == pytest.approx((0.2,))
