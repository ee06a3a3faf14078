"""People, groups and rules as they were at a moment: what the database holds now, with the history's lines undone."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, User

from connections.models import AuditEvent
from connections.people.lines import FLAGS, permission_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ACTIONS = ("user.added", "user.changed", "group.added", "group.changed", "group.deleted")
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Told:
    """The line of the history that tells something: its number, when it was, and who did it; "" for a command."""

    seq: int
    at: datetime
    by: str


@dataclass
class Role:
    """What a group gives, and its rules as the history writes them."""

    name: str
    permissions: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)


@dataclass
class Someone:
    """A person: by which name, with which flags, in which groups (by their keys), and what they have beside them."""

    name: str
    flags: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(FLAGS, False))
    groups: set[int] = field(default_factory=set)
    permissions: set[str] = field(default_factory=set)

    @property
    def may_sign_in(self) -> bool:
        return self.flags["is_active"] and self.flags["is_staff"]


@dataclass
class Past:
    """Everybody at a moment, by key. `since`: the newest line by then that gave something, by what it gave.

    `unfit`: numbers of lines that tell of a change which is not in what the panel holds: it was changed by other ways.
    """

    people: dict[int, Someone]
    roles: dict[int, Role]
    since: dict[Key, Told] = field(default_factory=dict)
    unfit: list[int] = field(default_factory=list)


def begins_at() -> datetime | None:
    """The time of the history's first line: nothing is known of what was before; None while there is none."""
    return AuditEvent.objects.order_by("seq").values_list("at", flat=True).first()


def at(moment: datetime) -> Past:
    """Who was what at `moment`. Every line of people and groups is read once, from the newest back."""
    now = _now()
    found: Past | None = None
    for seq, when, facts in _lines():
        if found is None and when <= moment:
            found = Past(deepcopy(now.people), deepcopy(now.roles))
        if found is not None:
            told = Told(seq, when, facts.get("actor", ""))
            for key in _given(now, facts):
                found.since.setdefault(key, told)
        if not _undo(now, facts):
            now.unfit.append(seq)
    found = found or now
    found.unfit = now.unfit
    return found


def _now() -> Past:
    roles = {
        group.pk: Role(
            group.name, set(permission_names(group.permissions.all())), {str(rule) for rule in group.scope_rules.all()}
        )
        for group in Group.objects.prefetch_related("permissions__content_type", "scope_rules__account")
    }
    people = {
        user.pk: Someone(
            user.username,
            {flag: getattr(user, flag) for flag in FLAGS},
            {group.pk for group in user.groups.all()},
            set(permission_names(user.user_permissions.all())),
        )
        for user in User.objects.prefetch_related("groups", "user_permissions__content_type")
    }
    return Past(people, roles)


def _lines() -> Iterator[tuple[int, datetime, dict[str, Any]]]:
    lines = AuditEvent.objects.without_folded(of_all=True).filter(action__in=ACTIONS).order_by("-seq")
    for seq, when, body in lines.values_list("seq", "at", "body"):
        yield seq, when, json.loads(body)


def _given(now: Past, facts: dict[str, Any]) -> Iterator[Key]:
    """What the line gave, or changed, by the names in force after it: `now` holds that moment."""
    if "group_id" in facts:
        group = facts["group_id"]
        yield from (("gives", group, label) for label in facts.get("permissions_added", ()))
        if facts.get("rules_added") or facts.get("rules_removed"):
            yield ("rules", group)
        return
    person = facts.get("user_id")
    if facts.get("is_active") or facts.get("is_staff"):
        yield ("able", person)
    if facts.get("is_superuser"):
        yield ("superuser", person)
    yield from (("member", person, key) for key in _keys(now, facts.get("groups_added", ())))
    yield from (("alone", person, label) for label in facts.get("permissions_added", ()))


def _undo(now: Past, facts: dict[str, Any]) -> bool:
    """Put back what was before the line of `facts`. Returns whether all that it tells was found."""
    return _undo_group(now, facts) if "group_id" in facts else _undo_person(now, facts)


def _undo_group(now: Past, facts: dict[str, Any]) -> bool:
    key = facts["group_id"]
    if facts["action"] == "group.deleted":
        now.roles[key] = Role(
            facts["group"], set(facts.get("permissions_removed", ())), set(facts.get("rules_removed", ()))
        )
        members = set(facts.get("members", ()))
        for person in now.people.values():
            if person.name in members:
                person.groups.add(key)
        return True
    if (role := now.roles.get(key)) is None:
        return False
    fits = _take_back(role.permissions, facts, "permissions") & _take_back(role.rules, facts, "rules")
    role.name = facts.get("renamed_from", role.name)
    if facts["action"] == "group.added":
        del now.roles[key]
        for person in now.people.values():
            person.groups.discard(key)
    return fits


def _undo_person(now: Past, facts: dict[str, Any]) -> bool:
    key = facts.get("user_id")
    if key is None or (person := now.people.get(key)) is None:
        return False
    added, removed = (facts.get(name, ()) for name in ("groups_added", "groups_removed"))
    keys = {"groups_added": _keys(now, added), "groups_removed": _keys(now, removed)}
    fits = _take_back(person.groups, keys, "groups") & _take_back(person.permissions, facts, "permissions")
    fits &= len(keys["groups_added"]) == len(added)
    for flag in FLAGS:
        if flag in facts:
            fits &= person.flags[flag] is facts[flag]
            person.flags[flag] = not facts[flag]
    person.name = facts.get("renamed_from", person.name)
    if facts["action"] == "user.added":
        del now.people[key]
    return fits


def _take_back(held: set[Any], facts: dict[str, Any], name: str) -> bool:
    added, removed = set(facts.get(f"{name}_added", ())), set(facts.get(f"{name}_removed", ()))
    fits = added <= held and not removed & held
    held -= added
    held |= removed
    return fits


def _keys(now: Past, names: Iterable[str]) -> list[int]:
    wanted = set(names)
    return [key for key, role in now.roles.items() if role.name in wanted]
