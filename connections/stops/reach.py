"""Whether remote.it can be reached at all for an account; while it can't, one call at a time tries.

Everything here runs in a transaction that holds the account's lock, so that one worker tries for all of them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from connections.remoteit import Cause, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from connections.models import Account
    from connections.stops.attempt import Answered

UNREACHED_CALLS = 3
"""After so many calls in a row of which no byte left, remote.it can't be reached: one or two may be chance."""
FIRST_TRY_S = 1.0
LONGEST_TRY_S = 15.0
MOST_IN_ROW = 1000
"""Counted no further: the tries have long been as far apart as they get, and the column ends at 32,767."""
FIELDS = ("unreached_calls", "unreached_since", "unreached_why", "reach_due_at")


def note_all(accounts: Mapping[int, Account], answered: list[Answered]) -> None:
    """Follow what came for each of `accounts`, by primary key."""
    for pk in {one.account_id for one in answered}:
        note(accounts[pk], [one for one in answered if one.account_id == pk])


def note(account: Account, answered: Iterable[Answered]) -> None:
    """Follow what `answered`, in the order in which it arrived, tells of the way to remote.it."""
    before = account.unreached_calls
    for one in answered:
        if one.answer.cause is Cause.REACH:
            _count(account, one.answer.reason, one.at)
        elif _got_through(account, one):
            account.unreached_calls = 0
    # A single item has to come to wait before its attempts are used up.
    if account.unreached_calls >= min(UNREACHED_CALLS, settings.STOP_MAX_ATTEMPTS):
        cannot_be_reached(account)
    elif account.unreached_calls:
        account.save(update_fields=FIELDS)
    elif before:
        can_be_reached(account)


def note_unreached(account: Account, why: str) -> None:
    """A sign-in did not get to remote.it: nothing can be sent without it, so what is queued waits from the first."""
    _count(account, why, timezone.now())
    cannot_be_reached(account)


def cannot_be_reached(account: Account) -> None:
    """Let what is queued for `account` wait; a time for the next try that is set already stays."""
    if account.reach_due_at is None:
        account.reach_due_at = timezone.now() + timedelta(seconds=FIRST_TRY_S)
    account.save(update_fields=FIELDS)


def can_be_reached(account: Account) -> None:
    """Let everything go on that waited for remote.it."""
    if account.unreached_since is not None:
        account.unreached_calls, account.unreached_why = 0, ""
        account.unreached_since = account.reach_due_at = None
        account.save(update_fields=FIELDS)


def has_to_wait(account: Account) -> bool:
    """Whether remote.it can't be reached, and the next try is not due yet."""
    return account.reach_due_at is not None and account.reach_due_at > timezone.now()


def put_off_next_try(account: Account) -> None:
    """While remote.it can't be reached: one try is made now, by one worker for all; the next is due later each time."""
    if not account.is_unreachable:
        return
    doublings = max(account.unreached_calls - UNREACHED_CALLS, 0)
    seconds = min(FIRST_TRY_S * 2.0 ** min(doublings, 10), LONGEST_TRY_S)
    account.reach_due_at = timezone.now() + timedelta(seconds=seconds)
    account.save(update_fields=FIELDS)


def to_claim(account: Account, most: int) -> int:
    """How many of `most` may be claimed: one, as long as it only tries the way."""
    return min(most, 1) if account.is_unreachable else most


def _count(account: Account, why: str, at: datetime) -> None:
    if not account.unreached_calls:
        account.unreached_since = at
    account.unreached_calls = min(account.unreached_calls + 1, MOST_IN_ROW)
    account.unreached_why = why


def _got_through(account: Account, answered: Answered) -> bool:
    """Whether this shows that remote.it can be reached now: by its answer, or by bytes that left since it could not.

    What left before and got no answer is as old as the outage, however late that is found out.
    """
    if answered.answer.status is not None:
        return True
    sent_at, since = answered.claim.item.sent_at, account.unreached_since
    return answered.answer.outcome == Outcome.UNKNOWN and (since is None or (sent_at is not None and sent_at > since))
