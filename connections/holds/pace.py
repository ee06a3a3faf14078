"""How fast a hold may ask an account: two lists a second, and all that it asks in turn with the account's stops."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.db import transaction

from connections.models.accounts import lock_accounts
from connections.stops.worker.pace import take_slots, use_slots

LISTS_APART_S = 0.55
"""Between two lists of an account, also where nothing limits its stops: two a second, though one leaves a bit late."""
LOOK_AGAIN_S = 0.1


class Pace:
    """The turns of one account. `clock` and `sleep` in seconds, as `time` has them."""

    def __init__(
        self,
        account: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._account = account
        self._clock = clock
        self._sleep = sleep
        self._next_list = clock()

    def question(self) -> None:
        """Return when the next list, or another question, may leave."""
        self._sleep(max(self._next_list - self._clock(), 0.0))
        self.change()
        self._next_list = self._clock() + LISTS_APART_S

    def change(self) -> None:
        """Return when the next call of any kind may leave: STOP_MAX_PER_SECOND counts a hold's calls as stops."""
        while (delay := self._turn()) is None:
            self._sleep(LOOK_AGAIN_S)
        self._sleep(delay)

    def _turn(self) -> float | None:
        """In how many seconds the account has a turn, which is taken with this; None while that is too far ahead."""
        if not settings.STOP_MAX_PER_SECOND:
            return 0.0
        with transaction.atomic():
            account = lock_accounts([self._account])[self._account]
            slots = take_slots(account, 1)
            use_slots(account, slots, len(slots.delays))
        return slots.delays[0] if slots.delays else None
