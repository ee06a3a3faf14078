"""How far this machine's clock is off, by the Date that every answer of the API has."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

#: How many seconds are worth saying: a clock that is kept right is off by less than one. The vendor warns that signed
#: requests are sensitive to drift and gives no number (remoteit-api reference, section 1.5).
WORTH_SAYING_S = 30
#: What is farther off is told as this: more than thirty years, as far as a database's integer reaches.
FARTHEST_S = 10**9


def seconds_off(date: str | None, age: str | None, asked_at: float, answered_at: float) -> int | None:
    """Return by how many seconds this machine's clock is ahead of the answer's; less than 0 when it is behind.

    ``date`` and ``age`` are the answer's headers; ``asked_at`` and ``answered_at`` are Unix seconds by this machine's
    clock. 0 when they agree as far as the time that the call took lets anybody tell; None without a Date that was
    written for this answer. Source of the format: RFC 9110, section 6.6.1.
    """
    written_at = None if age is not None or date is None else _unix(date)
    if written_at is None:
        return None
    # A Date is cut to whole seconds, and was written at some moment of the call.
    off = (asked_at + answered_at) / 2 - (written_at + 0.5)
    doubt = abs(answered_at - asked_at) / 2 + 0.5
    return max(-FARTHEST_S, min(round(off), FARTHEST_S)) if abs(off) > doubt else 0


def is_off(seconds: int | None) -> bool:
    """Whether a clock that is off by so much is worth saying."""
    return seconds is not None and abs(seconds) >= WORTH_SAYING_S


def said(seconds: int | None) -> str:
    """Return in words what ``seconds_off`` found; "" when it isn't worth saying."""
    if seconds is None or not is_off(seconds):
        return ""
    return f"this machine's clock is {abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'} remote.it's"


@lru_cache(maxsize=8)  # of calls that are answered in the same second only one reads it
def _unix(date: str) -> float | None:
    try:
        at = parsedate_to_datetime(date)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
