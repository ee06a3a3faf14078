"""By which way a person can have come back to a service, as far as the last reading of its ways tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.holds.ways import Kind
from connections.live.compare import chunks
from connections.models import ServiceWays

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.models import HoldMember

AT_ONCE = 500
Place = tuple[int, str]
"""A service: the key of its account, and its address in lower case."""


def place_of(member: HoldMember) -> Place:
    return member.account_id, member.service_key


def last_readings(members: Iterable[HoldMember]) -> dict[Place, ServiceWays]:
    """What was read last of the ways to these services; a service that nobody has read is missing."""
    wanted = {place_of(member) for member in members}
    found: dict[Place, ServiceWays] = {}
    for keys in chunks(sorted({key for _account, key in wanted}), AT_ONCE):
        rows = ServiceWays.objects.filter(service_key__in=keys)
        found |= {place: one for one in rows if (place := (one.account_id, one.service_key)) in wanted}
    return found


def way_of_return(read: ServiceWays | None, opened_by: str) -> Kind | None:
    """The way that lets this person in, the first of those that do; None where nothing read says.

    Without an account only the public link or its key lets somebody in, whatever was read.
    """
    if not opened_by:
        return Kind.LINK
    if read is None:
        return None
    person = opened_by.lower()
    ways = (
        (Kind.OWNER, [read.owner]),
        (Kind.SHARE, [row[0] for row in read.shares or ()]),
        (Kind.ROLE, [row[0] for row in read.members or ()]),
        (Kind.NETWORK, [one for row in read.networks or () for one in row[1]]),
    )
    return next((kind for kind, people in ways if person in {str(one).lower() for one in people}), None)
