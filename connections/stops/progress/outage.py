"""What a run waits for while remote.it can't be reached at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from connections.models.states import ItemState
from connections.remoteit.wire.breaks import split

if TYPE_CHECKING:
    from connections.stops.progress.progress import Progress


@dataclass(frozen=True)
class Outage:
    """`waiting` stops of a run that wait `since` then, and at most `until`; `is_whole`: nothing else of it is left.

    `sentence`: what the last call broke at; `classes`: its exceptions and the words of the operating system. `calls`:
    how many broke in a row.
    """

    since: datetime
    until: datetime
    next_try_at: datetime
    waiting: int
    is_whole: bool
    sentence: str
    classes: str
    calls: int


def read_outage(progress: Progress) -> Outage | None:
    """The outage that holds up the run; None while nothing of it waits for remote.it."""
    run, left = progress.run, [part for part in progress.accounts if part.tally.left]
    held = [part for part in left if part.account.is_unreachable]
    if not held or run.cancelled_at:
        return None
    accounts = [part.account for part in held]
    last = max(accounts, key=lambda account: account.unreached_calls)
    sentence, classes = split(last.unreached_why)
    return Outage(
        since=min(account.unreached_since or progress.at for account in accounts),
        until=min(run.waits_until(account) or progress.at for account in accounts),
        next_try_at=min(account.reach_due_at or progress.at for account in accounts),
        waiting=sum(part.tally.states[ItemState.QUEUED] for part in held),
        is_whole=len(held) == len(left),
        sentence=sentence,
        classes=classes,
        calls=last.unreached_calls,
    )
