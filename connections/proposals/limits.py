"""Setting above which numbers a second person decides, and what is protected: more of it counts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connections.audit.append import Entry, append, timestamp
from connections.models import Ceiling, Proposal, ProtectedRule
from connections.models.door.proposals import Subject
from connections.proposals.asking import ask, withdraw_older

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import Group, User

    from connections.audit.origin import Origin

NO_CEILING = "none"
Numbers = tuple[int | None, int | None]
"""Connections in one run, and of one person in an hour; None: no ceiling."""


@dataclass(frozen=True)
class Saved:
    """What counts from now on, and what waits for a second person; None for nothing of the kind."""

    made: Ceiling | None = None
    waits: Proposal | None = None


def set_ceiling(
    group: Group | None, *, per_run: int | None, per_hour: int | None, actor: User, origin: Origin, reason: str = ""
) -> Saved:
    """Give the people of `group` (None: everybody) this ceiling.

    What is lower than today counts at once; what gives more waits for a second person, so that nobody raises a ceiling
    and goes past it. What waited before is taken back, for this is the newer wish.
    """
    now = timezone.now()
    with transaction.atomic():
        mine = Ceiling.objects.select_for_update().filter(group=group)
        today = next(iter(mine.in_force(now)), None)
        mine.filter(in_force_at__gt=now).delete()  # from versions where it counted later by itself
        wished: Numbers = (per_run, per_hour)
        before: Numbers = (today.per_run, today.per_hour) if today else (None, None)
        key = group.pk if group else None
        withdraw_older(Subject.CEILING, key, actor, origin)
        lower = (_lower(wished[0], before[0]), _lower(wished[1], before[1]))
        made = None
        if lower != before:
            made, line = write_ceiling(group, lower, actor, origin, now)
            append([line])
        if wished == lower:
            return Saved(made)
        about = (Subject.CEILING, key, group.name if group else "")
        waits = ask(about, _as_json(lower), _as_json(wished), reason=reason, actor=actor, origin=origin)
    return Saved(made, waits)


def write_ceiling(
    group: Group | None, numbers: Numbers, actor: User, origin: Origin, now: datetime
) -> tuple[Ceiling, Entry]:
    """The row that counts from `now` on, and its line, to be appended."""
    today = next(iter(Ceiling.objects.filter(group=group).in_force(now)), None)
    made = Ceiling.objects.create(
        group=group, per_run=numbers[0], per_hour=numbers[1], made_by=actor, made_at=now, in_force_at=now
    )
    facts = {
        "group": group.name if group else "",
        "per_run": NO_CEILING if made.per_run is None else made.per_run,
        "per_hour": NO_CEILING if made.per_hour is None else made.per_hour,
        "before": _as_json((today.per_run, today.per_hour) if today else (None, None)),
        "in_force_at": timestamp(now),
    }
    return made, Entry("ceiling.changed", origin, actor=actor, facts=facts)


def protect(rule: ProtectedRule, actor: User, origin: Origin) -> ProtectedRule:
    """Keep `rule`, which counts at once."""
    with transaction.atomic():
        rule.made_by = actor
        rule.save()
        append([protection_line(rule, actor, origin)])
    return rule


def stop_protecting(rule: ProtectedRule, actor: User, origin: Origin, reason: str = "") -> Proposal | None:
    """Ask that `rule` ends. Returns what waits; None where it has an end already."""
    with transaction.atomic():
        if not ProtectedRule.objects.select_for_update().filter(pk=rule.pk, ends_at=None).exists():
            return None
        about = (Subject.PROTECTION, rule.pk, rule.name)
        return ask(about, {"match": rule.matches}, {"ends": True}, reason=reason, actor=actor, origin=origin)


def protection_line(rule: ProtectedRule, actor: User, origin: Origin) -> Entry:
    facts = {"rule": rule.name, "match": rule.matches, "ends_at": timestamp(rule.ends_at) if rule.ends_at else ""}
    return Entry("protection.changed", origin, actor=actor, facts=facts)


def _lower(new: int | None, old: int | None) -> int | None:
    return min((one for one in (new, old) if one is not None), default=None)


def _as_json(numbers: Numbers) -> dict[str, int | None]:
    return {"per_run": numbers[0], "per_hour": numbers[1]}
