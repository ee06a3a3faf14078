"""Who can give what somebody lacks: named in every refusal, and nobody else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.translation import gettext as _

from connections.models.rights import NOTHING_SENT, may, refusal
from connections.models.scope import is_bounded
from connections.people.rights import may_change_rights_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.utils.functional import Promise

NAMED = 3
ASKED = 50
"""Of how many who may manage people or roles it is looked whether they could give it: a refusal waits for it."""
GIVES = ("manage_people", "manage_roles", "change_user", "change_group")


def givers(person: User, *permissions: str, whole: bool = False) -> list[str]:
    """The names of some who can give `permissions` to `person`, by name; none when nobody can.

    They have them, and may give them to this person. `whole`: on everything, to somebody whom a scope bounds.
    """
    found: list[str] = []
    for one in _asked(person):
        has_them = all(may(one, permission) for permission in permissions)
        reaches = not (whole and is_bounded(one, *permissions))
        if has_them and reaches and may_change_rights_of(one, person):
            found.append(one.get_username())
        if len(found) == NAMED:
            break
    return found


def refused(person: User, *permissions: str, but: str | Promise = NOTHING_SENT) -> str:
    """What is said to `person`, who lacks `permissions`, and whom to ask. `but`: what therefore did not happen."""
    return f"{refusal(*permissions, but=but).strip()} {in_words(givers(person, *permissions))}"


def in_words(names: list[str]) -> str:
    """Whom to ask, in a sentence."""
    if not names:
        return _("Ask an administrator of this panel.")
    return _("Who can give it to you: %s.") % ", ".join(names)


def _asked(person: User) -> Iterator[User]:
    by_codes = Q(user_permissions__codename__in=GIVES) | Q(groups__permissions__codename__in=GIVES)
    able = User.objects.filter(is_active=True, is_staff=True).exclude(pk=person.pk)
    found = able.filter(pk__in=able.filter(by_codes | Q(is_superuser=True)).values("pk")).order_by("username")[:ASKED]
    return (one for one in found if may(one, "change_user") or may(one, "change_group"))
