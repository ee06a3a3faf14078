"""An account's pace, shared by all workers: its pauses, its limits in a row, when its next stop may leave.

Everything here runs in a transaction that holds the account's lock.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from connections.stops.worker.retry import Slots, space

if TYPE_CHECKING:
    from connections.models import Account
    from connections.stops.attempt import Answered
    from connections.stops.worker.retry import Decision


MOST_IN_ROW = 1000
"""Counted no further: the pauses have long been as long as they get, and the column ends at 32,767."""


def limits_before(account: Account, answered: Answered) -> int:
    """How many pauses in a row came before the one that this answer asks for."""
    return account.limits_in_row - 1 if _is_of_the_same_burst(account, answered) else account.limits_in_row


def follow(account: Account, answered: Answered, decision: Decision) -> None:
    """Pause the account when the decision asks for it; any other answer ends a row of limits."""
    same_burst = _is_of_the_same_burst(account, answered)
    if decision.pause is not None:
        if not same_burst:
            account.limits_in_row = min(account.limits_in_row + 1, MOST_IN_ROW)
            account.limited_at = answered.at
        pause(account, decision.pause, f"remote.it asked for a pause: HTTP {answered.answer.status}")
        account.save(update_fields=("limits_in_row", "limited_at"))
    elif account.limits_in_row and not same_burst and answered.answer.status is not None:
        account.limits_in_row = 0
        account.save(update_fields=("limits_in_row",))


def pause(account: Account, seconds: float, why: str) -> None:
    """Send nothing more for `account` for so many seconds; a longer pause that is set already stays."""
    until = timezone.now() + timedelta(seconds=seconds)
    if account.paused_until is None or account.paused_until < until:
        account.paused_until, account.paused_why = until, why
        account.save(update_fields=("paused_until", "paused_why"))


def take_slots(account: Account, free: int) -> Slots:
    """How many of `free` stops may be claimed now, and when each may leave."""
    now = timezone.now()
    due_in = (account.next_send_at - now).total_seconds() if account.next_send_at else 0.0
    return space(free, per_second=settings.STOP_MAX_PER_SECOND, next_send_in=due_in)


def use_slots(account: Account, slots: Slots, used: int) -> None:
    """Note that `used` of `slots` were claimed, so that the next worker goes on behind them."""
    if settings.STOP_MAX_PER_SECOND and used:
        unused = (len(slots.delays) - used) * slots.spacing
        account.next_send_at = timezone.now() + timedelta(seconds=slots.next_send_in - unused)
        account.save(update_fields=("next_send_at",))


def _is_of_the_same_burst(account: Account, answered: Answered) -> bool:
    sent_at = answered.claim.item.sent_at
    return account.limited_at is not None and sent_at is not None and sent_at <= account.limited_at
