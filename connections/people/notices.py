"""Who changed people, groups and their rights: shown to each superuser until they have seen it, and not only a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.models import AuditEvent, AuditHead, SeenChanges

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models.audit import AuditEventQuerySet

CHANGES = (
    *("user.added", "user.changed", "user.password_changed", "user.link_made"),
    *("group.added", "group.changed", "group.deleted"),
    *("change.asked", "change.confirmed", "change.denied", "change.due"),
    *("ceiling.changed", "protection.changed", "factor_rule.changed", "user.factor_removed", "user.sign_in_reset"),
)


def begin(superuser: User) -> None:
    """From now on, for one who never saw any: what came before them is history."""
    if not SeenChanges.objects.filter(user=superuser).exists():
        SeenChanges.objects.create(user=superuser, seq=AuditHead.objects.get().seq)


def unseen(superuser: User) -> AuditEventQuerySet:
    """What others, and commands, changed since `superuser` last said that they had seen it, newest first."""
    seen = SeenChanges.objects.filter(user=superuser).values_list("seq", flat=True).first() or 0
    lines = AuditEvent.objects.without_folded(of_all=True).filter(action__in=CHANGES, seq__gt=seen)
    return lines.exclude(actor=superuser).order_by("-seq")


def see(superuser: User, seq: int) -> None:
    """`superuser` has seen what is up to line `seq`, and nothing that came since."""
    SeenChanges.objects.get_or_create(user=superuser, defaults={"seq": seq})
    SeenChanges.objects.filter(user=superuser, seq__lt=seq).update(seq=seq)
