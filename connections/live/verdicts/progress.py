"""How far the verdicts of a run are: computed from its items each time it is asked, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from connections.live.verdicts.verify import WATCH
from connections.models import Worker

if TYPE_CHECKING:
    from connections.models import Account
    from connections.stops.progress.progress import Progress


@dataclass(frozen=True)
class Waiting:
    """Items of one account that have their outcome and no verdict yet.

    `is_stuck`: a person holds the account, so that its list is not read.
    """

    account: Account
    count: int

    @property
    def is_stuck(self) -> bool:
        return self.account.held_at is not None


@dataclass(frozen=True)
class Verification:
    """The verdicts of a run at one moment. `given` of `answered` items have one.

    `watched_until`: until when it is watched what comes back or goes late; None when that is over.
    `has_worker`: whether anybody reads lists; always so while none is needed.
    """

    answered: int
    given: int
    waiting: list[Waiting]
    watched_until: datetime | None
    has_worker: bool

    @property
    def is_awaited(self) -> bool:
        """Whether a list is awaited that gives a verdict."""
        return any(not part.is_stuck for part in self.waiting)

    @property
    def can_change(self) -> bool:
        return self.is_awaited or self.watched_until is not None


def read_verification(progress: Progress) -> Verification:
    """What is known and awaited of the verdicts of the run. At most one query."""
    parts = [(part.account, part.tally.verdicts[""]) for part in progress.accounts]
    waiting = [Waiting(account, count) for account, count in parts if count]
    answered, missing = progress.tally.answered, sum(part.count for part in waiting)
    last_at = progress.tally.last_watched_at
    watched_until = last_at + WATCH if last_at and last_at + WATCH > progress.at else None
    has_worker = Worker.objects.alive().exists() if waiting and progress.final else True
    return Verification(answered, answered - missing, waiting, watched_until, has_worker)
