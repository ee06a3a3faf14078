"""What somebody may, in a few words: for lists, where each permission by its full name would hide the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.models.rights import HOLDS, PARTS, PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import Group

SHORT = {
    ("view_connection",): gettext_lazy("see"),
    ("stop_connection",): gettext_lazy("stop"),
    ("open_connection",): gettext_lazy("open"),
    HOLDS: gettext_lazy("hold"),
    ("add_connection",): gettext_lazy("add connections"),
    ("manage_runs",): gettext_lazy("steer all runs"),
    ("view_all_history",): gettext_lazy("read all history"),
    ("approve_runs",): gettext_lazy("decide as the second person"),
    ("manage_accounts",): gettext_lazy("manage accounts"),
    ("manage_people",): gettext_lazy("manage people"),
    ("manage_roles",): gettext_lazy("manage roles"),
    ("break_glass",): gettext_lazy("break the glass"),
}
"""Permissions that are one thing in few words, whichever of them somebody has."""


def in_short(labels: Iterable[str]) -> str:
    """What permissions of these labels, `app.codename`, let somebody do; "" for nothing."""
    held = set(labels)
    codes = {label.partition(".")[2] for label in held if label.startswith("connections.")}
    codes |= {whole for whole, parts in PARTS.items() if held.issuperset(parts)}
    if codes.issuperset(PERMISSIONS):
        return _("everything")
    return ", ".join(str(words) for names, words in SHORT.items() if codes.intersection(names))


def scope_in_short(group: Group) -> str:
    """On what the permissions of `group` count, as its rules write it; "" for everything."""
    rules = [str(rule) for rule in group.scope_rules.all()]
    sees = [rule.removeprefix("see ") for rule in rules if rule.startswith("see ")]
    acts = [rule.removeprefix("act ") for rule in rules if rule.startswith("act ")]
    parts = [] if "*" in sees or not sees else [_("sees only %s") % _or(sees)]
    parts += [] if "*" in acts or not acts else [_("stops only %s") % _or(acts)]
    return "; ".join(parts)


def _or(rules: list[str]) -> str:
    return str(_(" or ")).join(rules)
