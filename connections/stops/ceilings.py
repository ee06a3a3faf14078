"""When a second person is needed: above a ceiling, which holds for runs, holds and tokens of a person together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from connections.models import StopItem
from connections.models.approvals import ApprovalState, Ceiling
from connections.models.states import ItemState, RunState

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from connections.models import StopRun

HOUR = timedelta(hours=1)
PER_RUN, PER_HOUR = "per_run", "per_hour"


@dataclass(frozen=True)
class Need:
    """One reason why a second person is needed: `count` connections are above the `limit`. `code` as above."""

    code: str
    count: int
    limit: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def needs(run: StopRun, user: User, now: datetime) -> list[Need]:
    """Why `run` of `user` must not start without a second person; empty: it may.

    Of several ceilings the lowest counts. Runs that a second person approved don't count to the hour: somebody has
    looked at them.
    """
    ceilings = _ceilings(user, now)
    per_run = _lowest(one.per_run for one in ceilings)
    per_hour = _lowest(one.per_hour for one in ceilings)
    if per_run is None and per_hour is None:
        return []
    count = run.items.queued().count()
    found = []
    if per_run is not None and count > per_run:
        found.append(Need(PER_RUN, count, per_run))
    if per_hour is not None and (total := count + stopped_since(user, now - HOUR)) > per_hour:
        found.append(Need(PER_HOUR, total, per_hour))
    return found


def stopped_since(user: User, since: datetime) -> int:
    """How many connections the runs of `user` cover that started after `since` and that no second person approved."""
    started = StopItem.objects.filter(run__user=user, run__state=RunState.STARTED, run__started_at__gt=since)
    seen = Q(run__approval__state=ApprovalState.APPROVED)
    return started.exclude(seen).exclude(state=ItemState.SKIPPED).count()


def _ceilings(user: User, now: datetime) -> list[Ceiling]:
    return Ceiling.objects.filter(Q(group=None) | Q(group__in=user.groups.all())).in_force(now)


def _lowest(limits: Any) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
