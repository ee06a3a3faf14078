"""The access review: who may do what, on what, since when and by whom, as of any moment that the history knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connections.models.rights import ON_CONNECTIONS, PARTS, PERMISSIONS
from connections.models.scope import SEES
from connections.people.access import replay

if TYPE_CHECKING:
    from datetime import datetime

    from connections.people.access.replay import Key, Past, Role, Someone, Told

ORDER = [name for whole in PERMISSIONS for name in (whole, *(one.partition(".")[2] for one in PARTS.get(whole, ())))]


@dataclass(frozen=True)
class Grant:
    """One permission, or a part of one by an older name, and `through` which group; "": beside the groups.

    `since`: the line by which it came to count; None: no line tells it.
    """

    permission: str
    through: str
    sees: tuple[str, ...]
    acts: tuple[str, ...]
    since: Told | None

    @property
    def is_bounded(self) -> bool:
        return bool(self.sees or self.acts)


@dataclass(frozen=True)
class Access:
    """What one person may. Who may not sign in may nothing, whatever they were given: `grants` then waits for that."""

    key: int
    person: Someone
    grants: list[Grant]

    def may(self, permission: str) -> bool:
        return self.person.may_sign_in and any(grant.permission == permission for grant in self.grants)


@dataclass(frozen=True)
class Review:
    """Everybody at the moment `at`, by name. `unfit`: numbers of lines that don't fit what the panel holds."""

    at: datetime
    people: list[Access]
    unfit: list[int]

    def count(self, permission: str) -> int:
        return sum(access.may(permission) for access in self.people)


def review(moment: datetime) -> Review:
    """Who might do what at `moment`, as far as the history tells it."""
    past = replay.at(moment)
    by_name = sorted(past.people.items(), key=lambda pair: pair[1].name.lower())
    return Review(moment, [Access(key, person, _grants(past, key, person)) for key, person in by_name], past.unfit)


def _grants(past: Past, key: int, person: Someone) -> list[Grant]:
    able = ("able", key)
    if person.flags["is_superuser"]:
        since = _newest(past, able, ("superuser", key))
        return [Grant(permission, "", (), (), since) for permission in PERMISSIONS]
    found = [
        Grant(permission, "", (), (), _newest(past, able, *(("alone", key, label) for label in labels)))
        for permission, labels in _named(person.permissions)
    ]
    for group in sorted(person.groups, key=lambda one: past.roles[one].name):
        found += _by_role(past, key, group, past.roles[group])
    return sorted(found, key=lambda grant: ORDER.index(grant.permission))


def _by_role(past: Past, key: int, group: int, role: Role) -> list[Grant]:
    given = (("able", key), ("member", key, group))
    bounds = (("rules", group),) if role.rules else ()
    sees, acts = _rules(role, "see"), _rules(role, "act")
    found = []
    for permission, labels in _named(role.permissions):
        counts_within = permission in ON_CONNECTIONS
        since = _newest(
            past, *given, *(("gives", group, label) for label in labels), *(bounds if counts_within else ())
        )
        on = (sees, () if permission == SEES else acts) if counts_within else ((), ())
        found.append(Grant(permission, role.name, *on, since))
    return found


def _rules(role: Role, kind: str) -> tuple[str, ...]:
    """The rules of `kind` without it; none where one of them is everything."""
    of_kind = sorted(rule.removeprefix(f"{kind} ") for rule in role.rules if rule.startswith(f"{kind} "))
    return () if "*" in of_kind else tuple(of_kind)


def _named(labels: set[str]) -> list[tuple[str, list[str]]]:
    """Each permission that `labels` give, with those of them that give it; an older part alone stands for itself."""
    found = []
    for permission in PERMISSIONS:
        parts = labels.intersection(PARTS.get(permission, ()))
        if f"connections.{permission}" in labels:
            found.append((permission, [f"connections.{permission}"]))
        elif parts and len(parts) == len(PARTS[permission]):
            found.append((permission, sorted(parts)))
        else:
            found += [(label.partition(".")[2], [label]) for label in sorted(parts)]
    return found


def _newest(past: Past, *keys: Key) -> Told | None:
    """The last of the lines by which something came to count: since then all of `keys` hold."""
    lines = [past.since[key] for key in keys if key in past.since]
    return max(lines, key=lambda line: line.seq, default=None)
