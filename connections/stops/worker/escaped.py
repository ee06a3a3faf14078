"""What arrived, in a form that every database takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from connections.db.writable import in_ascii
from connections.remoteit import Answer, Login
from connections.stops.attempt import Answered
from connections.stops.worker.channel import SignedIn

if TYPE_CHECKING:
    from connections.stops.worker.channel import Arrival

Words = TypeVar("Words", Answer, Login)


def escaped(arrival: Arrival) -> Arrival:
    """`arrival` with its words in ASCII, and without numbers that no column holds; what it says has happened stays."""
    if isinstance(arrival, Answered):
        return replace(arrival, answer=_escaped(arrival.answer), escaped=True)
    if isinstance(arrival, SignedIn):
        return replace(arrival, login=_escaped(arrival.login))
    return arrival


def _escaped(answer: Words) -> Words:
    return replace(
        answer,
        reason=in_ascii(answer.reason),
        status=_kept(answer.status, "upstream_status"),
        took_ms=_kept(answer.took_ms, "took_ms"),
    )


def _kept(number: int | None, column: str) -> int | None:
    most = MOST[column]
    return number if number is not None and 0 <= number <= most else None


MOST = {"upstream_status": 2**15 - 1, "took_ms": 2**31 - 1}
"""The largest number that PostgreSQL keeps in these columns of an item."""
