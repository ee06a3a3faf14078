"""What the history says of people, groups and their rights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

SENTENCES: dict[str, str | Promise] = {
    "user.sign_in_failed": gettext_lazy("a sign-in as “%(name)s” failed"),
    "user.added": gettext_lazy("added the user %(user)s"),
    "user.changed": gettext_lazy("changed the user %(user)s"),
    "user.password_changed": gettext_lazy("changed the password of %(user)s"),
    "group.added": gettext_lazy("added the group %(group)s"),
    "group.changed": gettext_lazy("changed the group %(group)s"),
    "group.deleted": gettext_lazy("deleted the group %(group)s"),
}

MORE = {
    "user.sign_in_failed": (
        ngettext_lazy(
            "%(count)s more sign-in as “%(name)s” failed", "%(count)s more sign-ins as “%(name)s” failed", "n"
        ),
        ngettext_lazy("%(count)s more sign-in failed", "%(count)s more sign-ins failed", "n"),
    ),
    "user.old_password_wrong": (
        ngettext_lazy(
            "%(count)s more wrong old password of %(name)s", "%(count)s more wrong old passwords of %(name)s", "n"
        ),
        ngettext_lazy("%(count)s more wrong old password", "%(count)s more wrong old passwords", "n"),
    ),
}
"""Of one name, and of many names: what is told of a minute by its sum."""

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
    "members": gettext_lazy("its members were: %s"),
    "other_fields": gettext_lazy("changed, values not kept: %s"),
}

REFUSALS = {
    "not staff": gettext_lazy("the password was right, but this user may not enter the panel"),
    "not active": gettext_lazy("the password was right, but this user may not sign in any more"),
}


def sentence(action: str, facts: dict[str, Any]) -> str:
    """What happened, beginning in lower case; "" when this module has no words for it."""
    if action in MORE and isinstance(facts.get("failures"), int):
        of_one, of_many = MORE[action]
        more = of_one if facts.get("name") else of_many
        count = facts["failures"]
        return more % {"n": count, "count": number_format(count), "name": facts.get("name", "")}
    words = SENTENCES.get(action)
    named = {name: facts.get(name, "") for name in ("name", "user", "group")}
    return str(words) % named if words else ""


def details(facts: dict[str, Any]) -> list[str]:
    """What exactly changed, a note for each."""
    notes = [str(words) for (flag, value), words in FLAG_WORDS.items() if facts.get(flag) is value]
    notes += [str(words) % _joined(facts[name]) for name, words in LIST_WORDS.items() if facts.get(name)]
    if facts.get("renamed_from"):
        notes.append(_("its name was %s") % facts["renamed_from"])
    if facts.get("failures"):
        notes.append(
            _("in the minute from %s (UTC); some may not even have been tried") % facts.get("minute", "")[11:16]
        )
    if facts.get("names"):
        notes.append(ngettext("of %(names)d name", "of %(names)d names", facts["names"]) % facts)
        notes.append(ngettext("from %(addresses)d address", "from %(addresses)d addresses", facts["addresses"]) % facts)
    if facts.get("why") in REFUSALS:
        notes.append(str(REFUSALS[facts["why"]]))
    return notes


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)
