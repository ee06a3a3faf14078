"""When a second person is needed: above a ceiling, which holds for runs, holds and tokens of a person together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from connections.models import StopItem
from connections.models.approvals import ApprovalState, Ceiling, ProtectedRule
from connections.models.states import ItemState, RunState

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from connections.models import StopRun
    from connections.models.connections import ConnectionQuerySet

HOUR = timedelta(hours=1)
PER_RUN, PER_HOUR, PROTECTED = "per_run", "per_hour", "protected"


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
    ceilings, found = _ceilings(user, now), protected(run, now)
    per_run = _lowest(one.per_run for one in ceilings)
    per_hour = _lowest(one.per_hour for one in ceilings)
    if per_run is None and per_hour is None:
        return found
    count = run.items.queued().count()
    if per_hour is not None and (total := count + stopped_since(user, now - HOUR)) > per_hour:
        found.insert(0, Need(PER_HOUR, total, per_hour))
    if per_run is not None and count > per_run:
        found.insert(0, Need(PER_RUN, count, per_run))
    return found


def protected(run: StopRun, now: datetime) -> list[Need]:
    """That connections of `run` stand under a protected rule, where some do."""
    rules = list(ProtectedRule.objects.in_force(now).select_related("account"))
    if not rules:
        return []
    under = reduce(or_, (rule.condition("connection__") for rule in rules))
    count = run.items.queued().filter(under).count()
    return [Need(PROTECTED, count, 0)] if count else []


def is_protected(connections: ConnectionQuerySet) -> bool:
    """Whether some of `connections` stand under a protected rule."""
    rules = list(ProtectedRule.objects.in_force(timezone.now()).select_related("account"))
    return bool(rules) and connections.filter(reduce(or_, (rule.condition() for rule in rules))).exists()


def are_used(now: datetime) -> bool:
    """Whether a second person is required of anybody: then changes of who may do what wait for one, too."""
    return any(map(_bounds, Ceiling.objects.in_force(now))) or ProtectedRule.objects.in_force(now).exists()


def bound_roles(now: datetime) -> frozenset[str]:
    """The names of the roles that have a ceiling of their own."""
    found = (one.group for one in Ceiling.objects.select_related("group").in_force(now) if one.group and _bounds(one))
    return frozenset(group.name for group in found)


def _bounds(one: Ceiling) -> bool:
    return one.per_run is not None or one.per_hour is not None


def stopped_since(user: User, since: datetime) -> int:
    """How many connections the runs of `user` cover that started after `since` and that no second person approved."""
    started = StopItem.objects.filter(run__user=user, run__state=RunState.STARTED, run__started_at__gt=since)
    seen = Q(run__approval__state=ApprovalState.APPROVED)
    return started.exclude(seen).exclude(state=ItemState.SKIPPED).count()


def _ceilings(user: User, now: datetime) -> list[Ceiling]:
    return Ceiling.objects.filter(Q(group=None) | Q(group__in=user.groups.all())).in_force(now)


def _lowest(limits: Any) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
