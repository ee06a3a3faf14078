"""The quiet clock: how long it has been quiet, proved. Nothing is read or written here.

It runs from one complete list to the next. A match sets it back. A list that is not whole, or comes late, stops it
where it is: it goes on with the next complete one, and the gap is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LIST_EVERY = timedelta(seconds=5)
"""How often the services of a hold are listed."""
LATEST = 2 * LIST_EVERY + timedelta(seconds=1)
"""The longest time between two lists that counts as none left out."""


class Tick(StrEnum):
    """What one reading did to the clock."""

    COUNTED = "counted"
    #: Complete, and asked for before the last stop or measure was answered: it proves nothing of what came after.
    TOO_EARLY = "early"
    MATCH = "match"
    NOT_WHOLE = "not_whole"
    #: Complete, but too long after the last one: nobody knows what was between them.
    LATE = "late"


@dataclass(frozen=True)
class Clock:
    """The clock as it stands.

    `counted`: how long it has been quiet, proved. `last_at`: when the last list that counts was asked for, None while
    the clock stands. `lists`, `widest`: on how many complete lists that rests, and the longest time between two.
    `changed_seq`: the place in the audit of the last stop or measure. `stands_since`, `stands_why`: when and why it
    stopped. `reset_at`: when the last match was seen.
    """

    counted: timedelta = timedelta()
    last_at: datetime | None = None
    lists: int = 0
    widest: timedelta = timedelta()
    changed_seq: int = 0
    stands_since: datetime | None = None
    stands_why: str = ""
    reset_at: datetime | None = None

    def stands_at(self, now: datetime) -> datetime | None:
        """Since when the clock has stood at `now`; None while it runs. One without a list for too long stands, too."""
        if self.last_at is None:
            return self.stands_since
        late = self.last_at + LATEST
        return late if now > late else None

    def is_quiet(self, quiet: timedelta) -> bool:
        return self.counted >= quiet


@dataclass(frozen=True)
class Reading:
    """One reading of the services that the clock is about.

    `at`, `seq`: when, and at which place in the audit, it was asked for. `why_not`: why it is not whole, "" when it is.
    `matches`: whether it shows, or its events tell, a connection that the hold is about.
    """

    at: datetime
    seq: int
    why_not: str = ""
    matches: bool = False


def advance(clock: Clock, reading: Reading, *, changed_seq: int) -> tuple[Clock, Tick]:
    """The clock after `reading`. `changed_seq`: the place in the audit of the last answered stop or measure by now."""
    if changed_seq > clock.changed_seq:
        clock = _set_back(clock, changed_seq)
    if reading.matches:
        back = replace(_set_back(clock, changed_seq), reset_at=reading.at, stands_since=None, stands_why="")
        return back, Tick.MATCH
    if reading.why_not:
        since = clock.stands_since if clock.last_at is None else reading.at
        return replace(
            clock, last_at=None, stands_since=since or reading.at, stands_why=reading.why_not
        ), Tick.NOT_WHOLE
    if reading.seq <= clock.changed_seq:
        return clock, Tick.TOO_EARLY
    if clock.last_at is None:
        return _go_on(clock, reading.at), Tick.COUNTED
    apart = reading.at - clock.last_at
    if not timedelta() <= apart <= LATEST:  # a host's clock may be moved, too
        return _go_on(clock, reading.at), Tick.LATE
    counted = replace(_go_on(clock, reading.at), counted=clock.counted + apart, widest=max(clock.widest, apart))
    return counted, Tick.COUNTED


def _set_back(clock: Clock, changed_seq: int) -> Clock:
    """Nothing is proved yet: the next list that counts is asked for after `changed_seq`."""
    return replace(
        clock,
        counted=timedelta(),
        last_at=None,
        lists=0,
        widest=timedelta(),
        changed_seq=max(changed_seq, clock.changed_seq),
    )


def _go_on(clock: Clock, at: datetime) -> Clock:
    return replace(clock, last_at=at, lists=clock.lists + 1, stands_since=None, stands_why="")
