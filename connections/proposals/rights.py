"""The one place through which each change of a person or a role goes: what takes away counts, what gives may wait.

A door makes its change and calls this in the same transaction. Where a second person is required of anybody, what the
change gave is taken back before anybody sees it, and asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from connections.audit.append import append
from connections.models.door.proposals import Proposal, Subject
from connections.models.rights import HOLDS, may
from connections.models.scope import PATTERNS, Reach, ScopeRule
from connections.people.lines import (
    FLAGS,
    NO_GROUP,
    NOBODY,
    group_line,
    standing_of,
    standing_of_group,
    user_line,
)
from connections.people.rights import offered_by_label
from connections.proposals.asking import ask
from connections.stops import ceilings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connections.audit.origin import Origin
    from connections.people.lines import GroupStanding, Standing


def settle_person(
    person: User, before: Standing, others: list[str], *, actor: User, origin: Origin, reason: str = ""
) -> Proposal | None:
    """Tell what became of `person` since `before`, and hold back what they were given. Returns what waits.

    `others`: names of further fields that changed.
    """
    wish = _given_to(person, before) if ceilings.are_used(timezone.now()) else {}
    if wish:
        _take_from(person, wish)
    if line := user_line(person, before, others, actor, origin):
        append([line])
    if not wish:
        return None
    was = {"groups": sorted(before.groups), "permissions": sorted(before.permissions), "flags": before.flags}
    about = (Subject.PERSON, person.pk, person.get_username())
    return ask(about, was, wish, reason=reason, actor=actor, origin=origin)


def settle_role(
    group: Group,
    before: GroupStanding,
    rules: Sequence[ScopeRule],
    *,
    actor: User,
    origin: Origin,
    reason: str = "",
) -> Proposal | None:
    """As `settle_person`, for what `group` gives to those who are in it. `rules`: its rules of before, as they were.

    A role that nobody is in gives nothing to anybody: who is put into it gets it by `settle_person`.
    """
    counts = before is not NO_GROUP and group.user_set.exists() and ceilings.are_used(timezone.now())
    wish = _given_by(group, before, rules) if counts else {}
    if wish:
        _take_from_role(group, wish, rules)
    if line := group_line(group, before, actor, origin):
        append([line])
    if not wish:
        return None
    was = {"permissions": sorted(before.permissions), "rules": sorted(before.rules)}
    return ask((Subject.ROLE, group.pk, group.name), was, wish, reason=reason, actor=actor, origin=origin)


def loosens(group: Group) -> bool:
    """Whether `group` has a ceiling of its own that binds somebody who could still stop without being in it."""
    if group.name not in ceilings.bound_roles(timezone.now()):
        return False
    return any(_may_stop_without(group, member) for member in group.user_set.filter(is_active=True))


def gives(group: Group) -> dict[str, list[str]]:
    """What a role gives at this moment: a yes to put somebody into it is one to that."""
    standing = standing_of_group(group)
    return {"permissions": sorted(standing.permissions), "rules": sorted(standing.rules)}


def _given_to(person: User, before: Standing) -> dict[str, Any]:
    after = standing_of(person)
    # Whoever is new may do nothing by being let in: what gives them something is the rest.
    flags = ("is_superuser",) if before is NOBODY else FLAGS
    groups = sorted(after.groups - before.groups)
    found: dict[str, Any] = {
        "groups": groups,
        "permissions": sorted(after.permissions - before.permissions),
        "flags": [flag for flag in flags if after.flags[flag] and not before.flags.get(flag, False)],
        "groups_removed": _loosened(person, before.groups - after.groups),
    }
    if not any(found.values()):
        return {}
    return {**found, "roles": {one.name: gives(one) for one in Group.objects.filter(name__in=groups)}}


def _loosened(person: User, removed: frozenset[str]) -> list[str]:
    """Those of the roles that were taken from `person` whose ceiling they would be rid of, and still could stop."""
    bound = removed & ceilings.bound_roles(timezone.now())
    return sorted(bound) if bound and _may_stop(person.pk) else []


def _may_stop(pk: int) -> bool:
    person = User.objects.get(pk=pk)
    return any(may(person, name) for name in ("stop_connection", *HOLDS))


def _may_stop_without(group: Group, member: User) -> bool:
    if member.is_superuser:
        return True
    names = ("stop_connection", *HOLDS)
    alone = member.user_permissions.filter(codename__in=names)
    return alone.exists() or member.groups.exclude(pk=group.pk).filter(permissions__codename__in=names).exists()


def _take_from(person: User, wish: dict[str, Any]) -> None:
    person.groups.remove(*Group.objects.filter(name__in=wish["groups"]))
    person.groups.add(*Group.objects.filter(name__in=wish["groups_removed"]))
    labels = offered_by_label()
    person.user_permissions.remove(*(labels[name] for name in wish["permissions"] if name in labels))
    for flag in wish["flags"]:
        setattr(person, flag, False)
    person.save(update_fields=wish["flags"])


def _given_by(group: Group, before: GroupStanding, rules: Sequence[ScopeRule]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if added := standing_of_group(group).permissions - before.permissions:
        found["permissions"] = sorted(added)
    now = list(group.scope_rules.select_related("account"))
    if not Reach(now).is_within(Reach(rules)):
        found["rules"] = [_as_json(rule) for rule in now]
    return found


def _take_from_role(group: Group, wish: dict[str, Any], rules: Sequence[ScopeRule]) -> None:
    labels = offered_by_label()
    group.permissions.remove(*(labels[name] for name in wish.get("permissions", ()) if name in labels))
    if "rules" in wish:
        group.scope_rules.all().delete()
        ScopeRule.objects.bulk_create([ScopeRule(group=group, **_parts(rule)) for rule in rules])


def _parts(rule: ScopeRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in ("kind", "account_id", *PATTERNS)}


def _as_json(rule: ScopeRule) -> dict[str, Any]:
    return {**_parts(rule), "kind": str(rule.kind), "says": str(rule)}
