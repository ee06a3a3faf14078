"""Who gave whom a right of late, as the history tells it: who got it from the requester can't decide for them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group

from connections.models import AuditEvent

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

WITHIN = timedelta(hours=24)
GIVING = ("user.added", "user.changed", "group.added", "group.changed")
LETTING_IN = ("user.password_changed", "user.link_made", "user.sign_in_reset")


def granted_by(giver: User, person: User, permission: str, now: datetime) -> bool:
    """Whether `giver` made `person` what lets them do `permission` within the last 24 hours, however often it changed.

    By a new person, a role, a permission of their own, superuser, or a role of theirs that was given it; or by a
    password or a one-time link, by which `giver` could come in as `person`.
    """
    lines = AuditEvent.objects.without_folded(of_all=False).filter(
        actor=giver, at__gt=now - WITHIN, action__in=(*GIVING, *LETTING_IN)
    )
    label = f"connections.{permission}"
    roles = set(Group.objects.filter(user=person).values_list("name", flat=True))
    giving = set(Group.objects.filter(permissions__codename=permission).values_list("name", flat=True))
    return any(_gives(json.loads(body), person, label, roles, giving) for body in lines.values_list("body", flat=True))


def _gives(facts: dict[str, Any], person: User, label: str, roles: set[str], giving: set[str]) -> bool:
    given = label in facts.get("permissions_added", ())
    if "group" in facts:
        return given and facts["group"] in roles
    if facts.get("user_id") != person.pk:
        return False
    if facts["action"] in LETTING_IN:
        return True
    by_role = giving.intersection(facts.get("groups_added", ()))
    return given or bool(by_role) or facts.get("is_superuser") is True or facts.get("is_active") is True
