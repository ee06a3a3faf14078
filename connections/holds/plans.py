"""Which ways a hold means to close: one measure for each, written down before anything is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.models import Hold, Measure
from connections.models.holding.holds import Level
from connections.models.holding.measures import MeasureKind
from connections.models.holding.members import MemberState
from connections.stops.terms import approval_of, is_granted

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = ((Level.LINKS, MeasureKind.LINK), (Level.SERVICES, MeasureKind.SERVICE))


def kinds_of(hold: Hold) -> list[MeasureKind]:
    """What the hold switches off at each service, by its level."""
    return [kind for level, kind in KINDS if hold.reaches(level)]


def waits(hold: Hold) -> bool:
    """Whether `hold` needs a second person's yes that it does not have: until then it only watches."""
    return approval_of(hold) is not None and not is_granted(hold)


def plan_measures(hold: Hold, members: Iterable[int] | None = None) -> int:
    """Plan what the hold's level asks for at its services, or at those with the keys `members`; returns how many."""
    held = hold.members.filter(state=MemberState.HELD)
    if members is not None:
        held = held.filter(pk__in=members)
    kinds = kinds_of(hold)
    planned = [Measure(hold=hold, member=member, kind=kind) for member in held for kind in kinds]
    return len(Measure.objects.bulk_create(planned, ignore_conflicts=True))
