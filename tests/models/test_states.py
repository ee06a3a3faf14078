from __future__ import annotations

import itertools

import pytest

from connections.models.states import (
    FINISHED,
    ITEM_ARROWS,
    OUTCOMES,
    ConnectionStatus,
    ItemState,
    connection_after,
    fold,
)

STOPPED, GONE, REFUSED, FAILED, UNKNOWN = OUTCOMES
ACTIVE = ConnectionStatus.ACTIVE


def outcome_of(first: ItemState, second: ItemState, *, real: bool) -> ItemState:
    """What two attempts fold into, the second made although the first had an answer."""
    return fold(second, unclear=first == UNKNOWN, real=real)


# first attempt, second attempt -> the item, when the id is only somebody's word
TWO_ATTEMPTS = {
    (STOPPED, STOPPED): STOPPED,
    (STOPPED, GONE): REFUSED,
    (STOPPED, REFUSED): REFUSED,
    (STOPPED, FAILED): FAILED,
    (STOPPED, UNKNOWN): UNKNOWN,
    (GONE, STOPPED): STOPPED,
    (GONE, GONE): REFUSED,
    (GONE, REFUSED): REFUSED,
    (GONE, FAILED): FAILED,
    (GONE, UNKNOWN): UNKNOWN,
    (REFUSED, STOPPED): STOPPED,
    (REFUSED, GONE): REFUSED,
    (REFUSED, REFUSED): REFUSED,
    (REFUSED, FAILED): FAILED,
    (REFUSED, UNKNOWN): UNKNOWN,
    (FAILED, STOPPED): STOPPED,
    (FAILED, GONE): REFUSED,
    (FAILED, REFUSED): REFUSED,
    (FAILED, FAILED): FAILED,
    (FAILED, UNKNOWN): UNKNOWN,
    (UNKNOWN, STOPPED): STOPPED,
    (UNKNOWN, GONE): GONE,
    (UNKNOWN, REFUSED): UNKNOWN,
    (UNKNOWN, FAILED): UNKNOWN,
    (UNKNOWN, UNKNOWN): UNKNOWN,
}


def test_the_table_has_every_sequence_of_two_attempts() -> None:
    assert set(TWO_ATTEMPTS) == set(itertools.product(OUTCOMES, repeat=2))


@pytest.mark.parametrize(("first", "second"), TWO_ATTEMPTS)
def test_two_attempts_fold_into_one_outcome(first: ItemState, second: ItemState) -> None:
    assert outcome_of(first, second, real=False) == TWO_ATTEMPTS[first, second]


@pytest.mark.parametrize(("first", "second"), TWO_ATTEMPTS)
def test_an_id_that_was_real_and_is_not_known_any_more_is_already_gone(first: ItemState, second: ItemState) -> None:
    expected = GONE if second == GONE else TWO_ATTEMPTS[first, second]
    assert outcome_of(first, second, real=True) == expected


@pytest.mark.parametrize("second", OUTCOMES)
def test_after_an_unclear_attempt_an_item_is_never_called_refused_or_failed(second: ItemState) -> None:
    assert outcome_of(UNKNOWN, second, real=False) in (STOPPED, GONE, UNKNOWN)


def test_a_word_that_is_no_outcome_is_refused_loudly() -> None:
    with pytest.raises(ValueError, match="no outcome"):
        fold("queued", unclear=False, real=True)


def test_no_arrow_leaves_a_finished_state() -> None:
    assert not set(ITEM_ARROWS) & set(FINISHED)


def test_every_finished_state_is_reached_by_an_arrow() -> None:
    assert set(itertools.chain(*ITEM_ARROWS.values())) >= set(FINISHED)


@pytest.mark.parametrize(
    ("state", "unclear", "before", "after"),
    [
        (STOPPED, False, ACTIVE, ConnectionStatus.STOPPED),
        (GONE, False, ACTIVE, ConnectionStatus.ENDED),
        (GONE, True, ACTIVE, ConnectionStatus.STOPPED),
        (REFUSED, False, ACTIVE, ACTIVE),
        (FAILED, False, ACTIVE, ACTIVE),
        (FAILED, False, ConnectionStatus.UNKNOWN, ConnectionStatus.UNKNOWN),
        (ItemState.CANCELLED, False, ACTIVE, ACTIVE),
        (UNKNOWN, True, ACTIVE, ConnectionStatus.UNKNOWN),
        (ItemState.SENDING, False, ACTIVE, ConnectionStatus.STOPPING),
    ],
)
def test_a_connection_follows_its_item(
    state: ItemState, unclear: bool, before: ConnectionStatus, after: ConnectionStatus
) -> None:
    assert connection_after(state, unclear=unclear, before=before) == after
