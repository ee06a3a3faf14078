"""When a second person is needed: above a ceiling, which holds for runs, holds and tokens of a person together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connections.audit.append import Entry, append, timestamp
from connections.models import StopItem
from connections.models.approvals import ApprovalState, Ceiling, ProtectedRule
from connections.models.states import ItemState, RunState

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import Group, User

    from connections.audit.origin import Origin
    from connections.models import StopRun
    from connections.models.connections import ConnectionQuerySet

HOUR = timedelta(hours=1)
WAITS = timedelta(hours=24)
NO_CEILING = "none"
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


def stopped_since(user: User, since: datetime) -> int:
    """How many connections the runs of `user` cover that started after `since` and that no second person approved."""
    started = StopItem.objects.filter(run__user=user, run__state=RunState.STARTED, run__started_at__gt=since)
    seen = Q(run__approval__state=ApprovalState.APPROVED)
    return started.exclude(seen).exclude(state=ItemState.SKIPPED).count()


def _ceilings(user: User, now: datetime) -> list[Ceiling]:
    return Ceiling.objects.filter(Q(group=None) | Q(group__in=user.groups.all())).in_force(now)


def _lowest(limits: Any) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def set_ceiling(
    group: Group | None, *, per_run: int | None, per_hour: int | None, actor: User, origin: Origin
) -> Ceiling | None:
    """Give the people of `group` (None: everybody) this ceiling; None where it is theirs already.

    What gives more than today counts after 24 hours: nobody raises a ceiling and goes past it at once. What was to
    count later and does not yet is forgotten, for this is the newer wish.
    """
    now = timezone.now()
    with transaction.atomic():
        mine = Ceiling.objects.select_for_update().filter(group=group)
        today = next(iter(mine.in_force(now)), None)
        later = mine.filter(in_force_at__gt=now)
        wished = (per_run, per_hour)
        before = (today.per_run, today.per_hour) if today else (None, None)
        if wished == before and not later.exists():
            return None
        later.delete()
        is_more = any(_is_more(new, old) for new, old in zip(wished, before, strict=True))
        made = Ceiling.objects.create(
            group=group,
            per_run=per_run,
            per_hour=per_hour,
            made_by=actor,
            made_at=now,
            in_force_at=now + WAITS if is_more else now,
        )
        facts = {
            "group": group.name if group else "",
            "per_run": NO_CEILING if per_run is None else per_run,
            "per_hour": NO_CEILING if per_hour is None else per_hour,
            "before": {"per_run": before[0], "per_hour": before[1]},
            "in_force_at": timestamp(made.in_force_at),
        }
        append([Entry("ceiling.changed", origin, actor=actor, facts=facts)])
    return made


def _is_more(new: int | None, old: int | None) -> bool:
    return old is not None and (new is None or new > old)


def protect(rule: ProtectedRule, actor: User, origin: Origin) -> ProtectedRule:
    """Keep `rule`, which counts at once."""
    with transaction.atomic():
        rule.made_by = actor
        rule.save()
        append([_protection_line(rule, actor, origin)])
    return rule


def stop_protecting(rule: ProtectedRule, actor: User, origin: Origin) -> bool:
    """Let `rule` end after 24 hours. Whether it had no end before."""
    with transaction.atomic():
        rule.ends_at = timezone.now() + WAITS
        if not ProtectedRule.objects.filter(pk=rule.pk, ends_at=None).update(ends_at=rule.ends_at):
            return False
        append([_protection_line(rule, actor, origin)])
    return True


def _protection_line(rule: ProtectedRule, actor: User, origin: Origin) -> Entry:
    facts = {"rule": rule.name, "match": rule.matches, "ends_at": timestamp(rule.ends_at) if rule.ends_at else ""}
    return Entry("protection.changed", origin, actor=actor, facts=facts)
