"""What a complete list says of one item: pure comparison, nothing is read or written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connections.models.states import UnverifiedReason, Verdict

if TYPE_CHECKING:
    from connections.models import Connection, StopItem

Place = tuple[str, str]
"""A service and a person: who opens the same again has come back."""
Newcomers = dict[Place, list["Connection"]]


@dataclass(frozen=True)
class Finding:
    """A verdict for one item, why, and when and as what it came back."""

    item: StopItem
    verdict: Verdict
    why: str = ""
    came_back_as: str = ""
    came_back_after_s: int | None = None


def find(
    item: StopItem, answered_seq: int, present: set[str], newcomers: Newcomers, *, asked_seq: int
) -> Finding | None:
    """What a complete list says of one item; None when that is no news.

    `present`: the keys it holds. `newcomers`: what it holds, no list showed before the answer, and no other item came
    back as.
    """
    connection = item.connection
    if connection.connection_key in present:
        return _unless_known(item, Finding(item, Verdict.STILL_ALIVE))
    if connection.listed_seq is None or connection.listed_seq >= asked_seq:
        return None if item.verdict else Finding(item, Verdict.UNVERIFIED, UnverifiedReason.NEVER_LISTED)
    for newcomer in newcomers.get(place_of(connection), []):
        if newcomer.seen_seq is not None and newcomer.seen_seq > answered_seq:
            after = _seconds_after(item, newcomer)
            return Finding(item, Verdict.CAME_BACK, came_back_as=newcomer.connection_id, came_back_after_s=after)
    return _unless_known(item, Finding(item, Verdict.CONFIRMED_GONE))


def _unless_known(item: StopItem, finding: Finding) -> Finding | None:
    return None if item.verdict == finding.verdict else finding


def place_of(connection: Connection) -> Place:
    return connection.device_address.lower(), connection.opened_by


def _seconds_after(item: StopItem, newcomer: Connection) -> int:
    """How many seconds after the item's answer the newcomer was opened, as remote.it's clock tells it; at least 0."""
    if newcomer.opened_at is None or item.answered_at is None:
        return 0
    return max(round((newcomer.opened_at - item.answered_at).total_seconds()), 0)
