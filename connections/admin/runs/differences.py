"""What the page of a run shows and its lines in the history don't say: the page shows tables, which no chain covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connections.audit.tables import differences
from connections.models import AuditVerification

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from connections.audit.differences import Difference
    from connections.models import StopItem, StopRun

COMPARED_WHOLE = 200
"""Up to so many connections all of them are compared; of a longer list those on the page. The hourly verification
compares all."""
NAMED = 20


@dataclass(frozen=True)
class Differs:
    """What differs, the first of it named; `found_at`: when a verification found that something of the run does."""

    count: int
    named: list[Difference]
    found_at: datetime | None

    def __bool__(self) -> bool:
        return bool(self.count or self.found_at)


def what_differs(run: StopRun, shown: Collection[StopItem], total: int) -> Differs:
    """Compare the run, and its items that are `shown` or all of its `total`, with their lines."""
    compared: Collection[int] | None = {item.connection_id for item in shown}
    if total <= COMPARED_WHOLE:
        # To who sees a part of the run nothing is told of the others.
        compared = None if run.viewer is None else set(run.items.values_list("connection_id", flat=True))
    found = differences(run.pk, compared)
    last = AuditVerification.objects.filter(at__isnull=False).first()
    found_at = last.at if last is not None and run.pk in last.differing_runs else None
    return Differs(len(found), found[:NAMED], found_at)
