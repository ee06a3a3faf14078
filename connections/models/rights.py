"""What somebody may do: the names, in words, and the one place that asks Django whether somebody may."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db import models
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Permission, PermissionsMixin
    from django.utils.functional import Promise

    Person = AbstractBaseUser | PermissionsMixin | AnonymousUser


class Words(NamedTuple):
    """`name`: as a form and a refusal call it. `lets`: what it lets somebody do. `refused`: what is said without it."""

    name: str | Promise
    lets: str | Promise
    refused: str | Promise


NOTHING_SENT = _("Nothing was sent.")
NOTHING_CHANGED = _("Nothing was changed.")

PERMISSIONS: Mapping[str, Words] = {
    "view_connection": Words(
        _("See connections"),
        _("See the connections, and of the history what they and oneself did."),
        _("You may not see connections, runs and history"),
    ),
    "stop_connection": Words(
        _("Stop connections"),
        _("Stop connections that one sees, one or thousands, and steer one's own runs."),
        _("You may look, not stop"),
    ),
    "add_connection": Words(
        _("Add connections"),
        _("Add connections by hand or from a file."),
        _("You may look, not add"),
    ),
    "open_connection": Words(
        _("Open connections"),
        _("Open a connection to a service."),
        _("You may look, not open"),
    ),
    "manage_runs": Words(
        _("Steer everybody's runs"),
        _("Pause, resume, cancel and take over runs of others; pause all sending."),
        _("You may look at runs of others, not steer them"),
    ),
    "view_all_history": Words(
        _("See everybody's history"),
        _("Read everybody's history and runs, export them, and verify the whole history."),
        _("You may see your own history and that of connections, not everybody's"),
    ),
    "manage_accounts": Words(
        _("Manage accounts"),
        _("Add, change, test, pause and remove accounts at remote.it."),
        _("You may not do this to accounts"),
    ),
    "manage_people": Words(
        _("Manage people"),
        _("Add people, change them, and put them into roles that give no more than one has oneself."),
        _("You may not do this to people"),
    ),
    "manage_roles": Words(
        _("Manage roles and scopes"),
        _("Change what a role may do and on what, as far as one may it oneself."),
        _("You may not do this to roles"),
    ),
    "hold_watch": Words(
        _("Hold: watch"),
        _("Start a hold that watches and says when something is open again."),
        _("You may not hold by watching"),
    ),
    "hold_recut": Words(
        _("Hold: stop again"),
        _("Start a hold that stops whatever is open again."),
        _("You may not hold by stopping again"),
    ),
    "hold_links": Words(
        _("Hold: switch off links"),
        _("Start a hold that switches off public links to a service."),
        _("You may not hold by switching off links"),
    ),
    "hold_services": Words(
        _("Hold: switch off services"),
        _("Start a hold that switches a service off at remote.it."),
        _("You may not hold by switching off services"),
    ),
    "hold_persons": Words(
        _("Hold: take away shares"),
        _("Start a hold that takes a device away from somebody with whom it is shared."),
        _("You may not hold by taking away shares"),
    ),
    "approve_runs": Words(
        _("Decide as the second person"),
        _("Approve or deny what somebody else asked for."),
        _("You may not decide as the second person"),
    ),
    "break_glass": Words(
        _("Break the glass"),
        _("In an emergency act without a second person: everybody is told, and somebody else reviews it."),
        _("You may not break the glass"),
    ),
}
"""The permissions of the panel by codename; all are of the app `connections`."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "manage_accounts": ("connections.view_account", "connections.add_account", "connections.change_account"),
    "manage_people": ("auth.view_user", "auth.add_user", "auth.change_user"),
    "manage_roles": ("auth.view_group", "auth.add_group", "auth.change_group", "auth.delete_group"),
}
"""What earlier versions asked for in their place. Who has the whole may each part, and who has all parts the whole."""

_WHOLE_OF = {part.partition(".")[2]: (part, whole) for whole, parts in PARTS.items() for part in parts}

HOLDS = ("hold_watch", "hold_recut", "hold_links", "hold_services", "hold_persons")
ON_CONNECTIONS = ("view_connection", "stop_connection", "open_connection", *HOLDS)
"""Those that count within a scope (connections/models/scope.py)."""


class Right(models.Model):  # noqa: DJ008 - there is no row of it
    """A table without rows: what Django keeps those permissions by that are about no single model."""

    class Meta:
        default_permissions = ()
        permissions = (
            ("manage_accounts", "Can manage accounts"),
            ("manage_people", "Can manage people"),
            ("manage_roles", "Can manage roles and scopes"),
            ("hold_watch", "Can hold by watching"),
            ("hold_recut", "Can hold by stopping again"),
            ("hold_links", "Can hold by switching off links"),
            ("hold_services", "Can hold by switching off services"),
            ("hold_persons", "Can hold by taking away shares"),
            ("approve_runs", "Can decide as the second person"),
            ("break_glass", "Can act without a second person"),
        )


def may(person: Person, permission: str) -> bool:
    """Whether `person` may do what `permission` names: one of PERMISSIONS, or a part of one (`view_account`).

    Somebody who is not active may nothing, a superuser everything. Raises KeyError for a name that is none.
    """
    if permission in PERMISSIONS:
        parts = PARTS.get(permission, ())
        return _has(person, f"connections.{permission}") or (bool(parts) and all(_has(person, one) for one in parts))
    part, whole = _WHOLE_OF[permission]
    return _has(person, part) or _has(person, f"connections.{whole}")


def held_by(person: Person) -> frozenset[str]:
    """All that `person` may, each as `app.codename`."""
    return frozenset(label for label in all_labels() if may(person, label.partition(".")[2]))


def codenames(permissions: Iterable[Permission]) -> frozenset[str]:
    """Those of `permissions` that are the panel's own, by the names of PERMISSIONS."""
    return frozenset(one.codename for one in permissions if one.content_type.app_label == "connections")


def all_labels() -> Iterator[str]:
    """Every permission that the panel asks for, as `app.codename`: those of PERMISSIONS and their older parts."""
    yield from (f"connections.{name}" for name in PERMISSIONS)
    yield from (part for part, _whole in _WHOLE_OF.values())


def words_of(permission: str) -> Words:
    """The words of `permission`; for a part those of the whole, which gives it."""
    return PERMISSIONS[permission if permission in PERMISSIONS else _WHOLE_OF[permission][1]]


def missing(person: Person, *permissions: str) -> list[str]:
    """Those of `permissions` that `person` lacks."""
    return [permission for permission in permissions if not may(person, permission)]


def refusal(*permissions: str, but: str | Promise = NOTHING_SENT) -> str:
    """What is said to somebody who lacks `permissions`. `but`: what therefore did not happen."""
    found = list(dict.fromkeys(words_of(permission) for permission in permissions))
    text = ngettext(
        "%(refused)s: that takes the permission %(names)s. %(but)s",
        "%(refused)s: that takes the permissions %(names)s. %(but)s",
        len(found),
    )
    names = gettext(" and ").join(gettext("“%s”") % words.name for words in found)
    return text % {"refused": found[0].refused, "names": names, "but": but}


def _has(person: Person, label: str) -> bool:
    return person.has_perm(label)  # type: ignore[union-attr]
