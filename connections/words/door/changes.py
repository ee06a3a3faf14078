"""What the history and the pages say of a change of who may do what that waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.models.rights import PERMISSIONS, words_of
from connections.words.actions_people import FLAG_WORDS
from connections.words.counts import number
from connections.words.door.approvals import FACTORS

Facts = Mapping[str, Any]

TITLES = {
    "person": gettext_lazy("give %(name)s more rights"),
    "role": gettext_lazy("have the role %(name)s give more"),
    "ceiling": gettext_lazy("raise the ceiling of %(name)s"),
    "protection": gettext_lazy("no longer protect “%(name)s”"),
}
"""What somebody wishes, in words that go on from "admin wishes to"."""


@dataclass(frozen=True)
class Row:
    """One thing that would change, from what to what; "" for nothing."""

    what: str
    old: str
    new: str


def title(subject: str, name: str) -> str:
    return str(TITLES.get(subject, "%(name)s")) % {"name": name or _("everybody")}


def rows(subject: str, before: Facts, wish: Facts) -> list[Row]:
    """What exactly a yes changes."""
    found = {"person": _of_person, "role": _of_role, "ceiling": _of_ceiling, "protection": _of_protection}
    return found[subject](before, wish) if subject in found else []


def notes(facts: dict[str, Any]) -> list[str]:
    """From what to what, why, for exactly what, by which proof; a note for each."""
    found = [
        _("%(what)s: %(new)s") % {"what": row.what, "new": row.new}
        for row in rows(facts.get("subject", ""), facts.get("before", {}), facts.get("wish", {}))
    ]
    if facts.get("binding_sha256"):
        found.append(_("for exactly %s") % facts["binding_sha256"][:8])
    if facts.get("factor") in FACTORS:
        found.append(str(FACTORS[facts["factor"]]))
    return found + [f"“{facts[name]}”" for name in ("reason", "denied_because", "lapsed_because") if facts.get(name)]


def asked(facts: dict[str, Any]) -> str:
    """The sentence of who asked; "" where the line does not tell what for."""
    if facts.get("subject") not in TITLES:
        return ""
    return _("asked to %s") % title(facts["subject"], facts.get("name", ""))


def _of_person(before: Facts, wish: Facts) -> list[Row]:
    found = []
    old, gone = before.get("groups", []), wish.get("groups_removed", [])
    if wish.get("groups") or gone:
        new = [name for name in (*old, *wish.get("groups", [])) if name not in gone]
        found.append(Row(_("Roles"), ", ".join(old), ", ".join(sorted(set(new)))))
    for name, given in wish.get("roles", {}).items():
        found.append(Row(_("What the role %s gives") % name, "", _given(given)))
    if wish.get("permissions"):
        old = before.get("permissions", [])
        found.append(Row(_("Permissions beside the roles"), _in_words(old), _in_words([*old, *wish["permissions"]])))
    for flag in wish.get("flags", ()):
        words = (FLAG_WORDS.get((flag, False)), FLAG_WORDS.get((flag, True)))
        found.append(Row(_("Sign-in and state"), *(str(word or flag) for word in words)))
    return found


def _given(given: Facts) -> str:
    rules = given.get("rules", [])
    return "; ".join([_in_words(given.get("permissions", [])) or _("nothing"), *rules])


def _of_role(before: Facts, wish: Facts) -> list[Row]:
    found = []
    if wish.get("permissions"):
        old = before.get("permissions", [])
        found.append(Row(_("Permissions"), _in_words(old), _in_words([*old, *wish["permissions"]])))
    if "rules" in wish:
        new = "; ".join(rule.get("says", "") for rule in wish["rules"])
        everything = _("everything: no rules")
        found.append(Row(_("Scope"), "; ".join(before.get("rules", [])) or everything, new or everything))
    return found


def _of_ceiling(before: Facts, wish: Facts) -> list[Row]:
    words = {"per_run": _("Connections in one run"), "per_hour": _("Connections of one person in an hour")}
    return [
        Row(what, _limit(before.get(name)), _limit(wish.get(name)))
        for name, what in words.items()
        if before.get(name) != wish.get(name)
    ]


def _limit(limit: int | None) -> str:
    return _("no ceiling") if limit is None else number(limit)


def _of_protection(before: Facts, wish: Facts) -> list[Row]:
    return [Row(_("What is protected"), before.get("match", ""), _("nothing by this rule"))]


def _in_words(labels: list[str]) -> str:
    """The names of permissions, each once, in the order in which the panel names them."""
    codes = [label.partition(".")[2] for label in labels]
    known = {words_of(code).name for code in codes if _is_known(code)}
    names = [str(words.name) for words in PERMISSIONS.values() if words.name in known]
    return ", ".join([*names, *(code for code in codes if not _is_known(code))])


def _is_known(code: str) -> bool:
    try:
        words_of(code)
    except KeyError:
        return False
    return True
