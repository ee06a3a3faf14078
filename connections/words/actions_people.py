"""What the history says of people, groups and their rights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from connections.words.counts import number

MORE_FAILED = (
    ngettext_lazy("%(count)s more sign-in as “%(name)s” failed", "%(count)s more sign-ins as “%(name)s” failed", "n"),
    ngettext_lazy("%(count)s more sign-in failed", "%(count)s more sign-ins failed", "n"),
)
"""Of one name, and of many names: what is told of a minute by its sum."""

MORE_WRONG = (
    ngettext_lazy(
        "%(count)s more wrong old password of %(name)s", "%(count)s more wrong old passwords of %(name)s", "n"
    ),
    ngettext_lazy("%(count)s more wrong old password", "%(count)s more wrong old passwords", "n"),
)

FLAG_WORDS = {
    ("is_active", True): gettext_lazy("may sign in"),
    ("is_active", False): gettext_lazy("may not sign in any more"),
    ("is_staff", True): gettext_lazy("may enter the panel"),
    ("is_staff", False): gettext_lazy("may not enter the panel"),
    ("is_superuser", True): gettext_lazy("may do everything (superuser)"),
    ("is_superuser", False): gettext_lazy("is no superuser"),
    ("usable", False): gettext_lazy("can't sign in with a password any more"),
}

LIST_WORDS = {
    "groups_added": gettext_lazy("given groups: %s"),
    "groups_removed": gettext_lazy("taken groups: %s"),
    "permissions_added": gettext_lazy("given permissions: %s"),
    "permissions_removed": gettext_lazy("taken permissions: %s"),
    "rules_added": gettext_lazy("given rules of scope: %s"),
    "rules_removed": gettext_lazy("taken rules of scope: %s"),
    "members": gettext_lazy("its members were: %s"),
    "other_fields": gettext_lazy("changed, values not kept: %s"),
}

REFUSALS = {
    "not staff": gettext_lazy("the password was right, but this user may not enter the panel"),
    "not active": gettext_lazy("the password was right, but this user may not sign in any more"),
}


def more_failed(facts: dict[str, Any]) -> str:
    return _more(facts, *MORE_FAILED)


def more_wrong(facts: dict[str, Any]) -> str:
    return _more(facts, *MORE_WRONG)


def notes(facts: dict[str, Any]) -> list[str]:
    """What exactly changed, a note for each."""
    found = [str(words) for (flag, value), words in FLAG_WORDS.items() if facts.get(flag) is value]
    found += [str(words) % _joined(facts[name]) for name, words in LIST_WORDS.items() if facts.get(name)]
    if facts.get("renamed_from"):
        found.append(_("its name was %s") % facts["renamed_from"])
    if facts.get("failures"):
        found.append(
            _("in the minute from %s (UTC); some may not even have been tried") % facts.get("minute", "")[11:16]
        )
    if facts.get("names"):
        found.append(ngettext("of %(names)d name", "of %(names)d names", facts["names"]) % facts)
        found.append(ngettext("from %(addresses)d address", "from %(addresses)d addresses", facts["addresses"]) % facts)
    if facts.get("why") in REFUSALS:
        found.append(str(REFUSALS[facts["why"]]))
    return found


def sight_notes(facts: dict[str, Any]) -> list[str]:
    """How much of their list was there, and which page of it was shown."""
    count = facts.get("count")
    if not isinstance(count, int):
        return []
    return [_("%(count)s open connections, page %(page)s") % {"count": number(count), "page": facts.get("page", 1)}]


def _more(facts: dict[str, Any], of_one: Any, of_many: Any) -> str:
    """What is told of a minute; "" where the line is about one try."""
    count = facts.get("failures")
    if not isinstance(count, int):
        return ""
    more = of_one if facts.get("name") else of_many
    return str(more % {"n": count, "count": number(count), "name": facts.get("name", "")})


def _joined(names: Iterable[str]) -> str:
    return "; ".join(names) if any("," in name for name in names) else ", ".join(names)
