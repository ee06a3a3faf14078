"""Pure decisions: whether an attempt is followed by another, when, and whether the account has to pause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connections.remoteit import Answer, Cause, Outcome

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 30.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
MOST_DOUBLINGS = 6
CLAIM_AHEAD_S = 0.25
# Some leave a little later than their moment, after a slow commit, and the next ones follow them the closer.
SPACING = 1.05
# What a 429 may ask of us at the most: a mistaken header must not stop an account for days.
LONGEST_RETRY_AFTER_S = 3600.0


@dataclass(frozen=True)
class Decision:
    """What follows an answer. `retry_in`: seconds until the next attempt, None when this was the last.

    `pause`: seconds for which nothing more is sent for the account, None when it goes on. `waits`: whether the item
    waits until remote.it can be reached.
    """

    retry_in: float | None = None
    pause: float | None = None
    waits: bool = False

    @property
    def is_free(self) -> bool:
        """Whether the attempt doesn't count against the limit."""
        return self.waits or self.pause is not None


FINAL = Decision()
WAIT = Decision(retry_in=0.0, waits=True)


@dataclass(frozen=True)
class Slots:
    """In how many seconds each stop that may be claimed now may leave, and the next after them; and how far apart."""

    delays: tuple[float, ...]
    next_send_in: float
    spacing: float


def space(free: int, *, per_second: float, next_send_in: float) -> Slots:
    """Space up to `free` stops so that no more than `per_second` leave in a second (0: no limit).

    `next_send_in`: seconds until the next may leave, below zero when it is overdue. Claims no further ahead than
    `CLAIM_AHEAD_S`: what is announced should be on its way.
    """
    if not per_second:
        return Slots((0.0,) * free, 0.0, 0.0)
    first, spacing = max(next_send_in, 0.0), SPACING / per_second
    delays = [first + n * spacing for n in range(free)]
    due = tuple(delay for delay in delays if delay <= CLAIM_AHEAD_S)
    return Slots(due, first + len(due) * spacing, spacing)


def decide(
    answer: Answer,
    *,
    attempt: int,
    max_attempts: int,
    limits: int,
    jitter: float,
    now: datetime,
    unreachable: bool = False,
) -> Decision:
    """What follows `answer`, the answer to attempt number `attempt` (attempts that cost nothing not counted).

    `limits`: how many times in a row the account was limited before. `jitter`: a random number from 0 to 1.
    `unreachable`: whether no call of the account gets to remote.it at all.
    """
    if unreachable and answer.cause == Cause.REACH:
        return WAIT
    if answer.cause == Cause.LIMIT:
        pause = limit_pause(answer.retry_after, limits, now)
        return Decision(retry_in=pause, pause=pause)
    if answer.outcome in (Outcome.STOPPED, Outcome.ALREADY_GONE) or attempt >= max_attempts:
        return FINAL
    if answer.outcome == Outcome.REFUSED and answer.cause != Cause.TOKEN:
        return FINAL
    return Decision(retry_in=backoff(attempt, jitter))


def limit_pause(retry_after: str | None, limits: int, now: datetime) -> float:
    """Seconds to send nothing after a limit, when `limits` came in a row before: as long as Retry-After asks.

    Without it, or when it has been kept and was too short, longer each time.
    """
    own = min(FIRST_PAUSE_S * 2.0 ** min(limits, MOST_DOUBLINGS), LONGEST_PAUSE_S)
    asked = retry_after_seconds(retry_after, now)
    if asked is None:
        return own
    return max(asked, own) if limits else asked


def backoff(attempt: int, jitter: float) -> float:
    """Seconds to wait after attempt number `attempt`: doubling, halved to one and a half by `jitter` (0 to 1)."""
    return min(FIRST_RETRY_S * 2.0 ** min(attempt - 1, MOST_DOUBLINGS), LONGEST_RETRY_S) * (0.5 + jitter)


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110, 10.2.3: number or date); None if it can't be read."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER_S)
    try:
        until = parsedate_to_datetime(text)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        seconds = (until - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)
