"""What the history tells of people and groups: who may do what, and since when. Never a password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, Permission, User

from connections.audit.append import Entry
from connections.audit.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable

FLAGS = ("is_active", "is_staff", "is_superuser")


@dataclass(frozen=True)
class Standing:
    """What a person may do at one moment, and by which name they are known."""

    username: str
    flags: dict[str, bool]
    groups: frozenset[str]
    permissions: frozenset[str]


NOBODY = Standing("", {}, frozenset(), frozenset())


def standing_of(user: User) -> Standing:
    """What the database holds of `user` now; `NOBODY` for one that is not saved yet."""
    saved = User.objects.filter(pk=user.pk).first()
    if saved is None:
        return NOBODY
    return Standing(
        saved.username,
        {flag: getattr(saved, flag) for flag in FLAGS},
        frozenset(saved.groups.values_list("name", flat=True)),
        permission_names(saved.user_permissions.all()),
    )


def permission_names(permissions: Iterable[Permission]) -> frozenset[str]:
    """Each of `permissions` as `app.codename`, the form in which Django asks for it."""
    return frozenset(f"{one.content_type.app_label}.{one.codename}" for one in permissions)


def user_line(
    user: User, before: Standing, other_fields: list[str], actor: User | None, origin: Origin
) -> Entry | None:
    """The line of what became of `user` since `before`; None when nothing did.

    `actor`: who did it; None for a command. `other_fields`: names of further fields that changed, whose values (a
    name, an address) the history need not keep.
    """
    after = standing_of(user)
    facts: dict[str, Any] = {
        **{flag: value for flag, value in after.flags.items() if before.flags.get(flag) != value},
        **_difference("groups", before.groups, after.groups),
        **_difference("permissions", before.permissions, after.permissions),
    }
    if before is not NOBODY and before.username != after.username:
        facts["renamed_from"] = before.username
    if other_fields:
        facts["other_fields"] = sorted(other_fields)
    if before is not NOBODY and not facts:
        return None
    action = "user.added" if before is NOBODY else "user.changed"
    return Entry(action, origin, actor=actor, facts={**named(user), **facts})


def password_line(user: User, actor: User | None, origin: Origin) -> Entry:
    """The line of a password that was changed or taken away; `actor` as above."""
    facts = {**named(user), "usable": user.has_usable_password()}
    return Entry("user.password_changed", origin, actor=actor, facts=facts)


def named(user: User) -> dict[str, Any]:
    """Whom a line is about, beside the actor who did it."""
    return {"user": user.get_username(), "user_id": user.pk}


@dataclass(frozen=True)
class GroupStanding:
    """What a group gives at one moment, on what, and by which name it is known."""

    name: str
    permissions: frozenset[str]
    rules: frozenset[str]


NO_GROUP = GroupStanding("", frozenset(), frozenset())


def standing_of_group(group: Group) -> GroupStanding:
    """What the database holds of `group` now; NO_GROUP for one that is not saved yet."""
    saved = Group.objects.filter(pk=group.pk).first()
    if saved is None:
        return NO_GROUP
    rules = frozenset(str(rule) for rule in saved.scope_rules.select_related("account"))
    return GroupStanding(saved.name, permission_names(saved.permissions.all()), rules)


def group_line(group: Group, before: GroupStanding, actor: User, origin: Origin) -> Entry | None:
    """The line of what became of `group` since `before`; None when nothing did."""
    after = standing_of_group(group)
    facts: dict[str, Any] = {
        **_difference("permissions", before.permissions, after.permissions),
        **_difference("rules", before.rules, after.rules),
    }
    if before is not NO_GROUP and before.name != after.name:
        facts["renamed_from"] = before.name
    if before is not NO_GROUP and not facts:
        return None
    action = "group.added" if before is NO_GROUP else "group.changed"
    return Entry(action, origin, actor=actor, facts={"group": group.name, "group_id": group.pk, **facts})


def group_deleted_line(group: Group, actor: User, origin: Origin) -> Entry:
    """The line to be written before `group` is deleted: its members lose its permissions."""
    facts = {
        "group": group.name,
        "group_id": group.pk,
        "members": sorted(group.user_set.values_list("username", flat=True)),
        **_difference("permissions", standing_of_group(group).permissions, frozenset()),
        **_difference("rules", standing_of_group(group).rules, frozenset()),
    }
    return Entry("group.deleted", origin, actor=actor, facts=facts)


def _difference(name: str, before: frozenset[str], after: frozenset[str]) -> dict[str, Any]:
    changes = {f"{name}_added": sorted(after - before), f"{name}_removed": sorted(before - after)}
    return {key: names for key, names in changes.items() if names}
