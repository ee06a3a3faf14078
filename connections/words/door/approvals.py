"""What the history says of the second person: asked for, decided, and done without in an emergency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.words.counts import number

Facts = Mapping[str, Any]

FACTORS = {
    "passkey": gettext_lazy("with a passkey"),
    "totp": gettext_lazy("with a code from an app"),
    "recovery_code": gettext_lazy("with a recovery code"),
    "oidc": gettext_lazy("at the identity provider"),
    "password": gettext_lazy("with the password, for want of a second factor"),
}
SECOND_PERSON = {
    "not_required": gettext_lazy("no second person was required"),
    "approved": gettext_lazy("a second person approved it"),
    "glass": gettext_lazy("without a second person, by breaking the glass"),
}
KINDS = {
    "passkey": gettext_lazy("a passkey"),
    "totp": gettext_lazy("a code app"),
    "recovery_code": gettext_lazy("recovery codes"),
    "oidc": gettext_lazy("the sign-in at the identity provider"),
}
NO_CEILING = "none"
CEILINGS = {
    "per_run": gettext_lazy("in one run: %s"),
    "per_hour": gettext_lazy("of one person in an hour: %s"),
}


def need_words(need: Facts) -> str:
    """One reason why a second person is needed, as `Need.as_json` wrote it."""
    count, limit = number(need.get("count", 0)), number(need.get("limit", 0))
    match need.get("code"):
        case "per_run":
            return _("%(count)s is above the ceiling of %(limit)s a run") % {"count": count, "limit": limit}
        case "per_hour":
            text = _("%(count)s within an hour is above the ceiling of %(limit)s a person and hour")
            return text % {"count": count, "limit": limit}
        case "protected":
            text = ngettext("%(count)s is protected", "%(count)s are protected", need.get("count", 0))
            return text % {"count": count}
    return str(need.get("code", ""))


def needs_words(needs: list[Facts]) -> str:
    """The reasons in one sentence's end: "1,240 is above the ceiling of 500 a run and 12 are protected"."""
    return _(" and ").join(need_words(need) for need in needs)


def requested_notes(facts: dict[str, Any]) -> list[str]:
    return [str(SECOND_PERSON.get(facts.get("second_person", ""), ""))]


def notes(facts: dict[str, Any]) -> list[str]:
    """Why, of whom, for exactly what, by which proof; a note for each."""
    found = []
    if facts.get("why"):
        found.append(_("because %s") % needs_words(facts["why"]))
    if facts.get("binding_sha256"):
        found.append(_("for exactly %s") % facts["binding_sha256"][:8])
    if facts.get("factor") in FACTORS:
        found.append(str(FACTORS[facts["factor"]]))
    found += [f"“{facts[name]}”" for name in ("denied_because", "review") if facts.get(name)]
    return found


def ceiling_notes(facts: dict[str, Any]) -> list[str]:
    """Of whom, from what to what, and since when it counts."""
    found = [_("for the role %s") % facts["group"] if facts.get("group") else ""]
    for name, words in CEILINGS.items():
        if name in facts:
            limit = facts[name]
            found.append(str(words) % (_("no ceiling") if limit == NO_CEILING else number(limit)))
    if facts.get("rule"):
        found.append(f"{facts['rule']}: {facts.get('match', '')}")
    if facts.get("ends_at"):
        found.append(_("ends %s") % facts["ends_at"][:16].replace("T", " "))
    if facts.get("in_force_at"):
        found.append(_("counts from %s on") % facts["in_force_at"][:16].replace("T", " "))
    return found


def factor_notes(facts: dict[str, Any]) -> list[str]:
    """Which factor it was, by which name, why, and how many."""
    found = [str(KINDS.get(facts.get("factor", ""), ""))]
    if facts.get("name"):
        found.append(f"“{facts['name']}”")
    if facts.get("count"):
        found.append(number(facts["count"]))
    if facts.get("reason"):
        found.append(str(facts["reason"]))
    return found


def sign_in_notes(facts: dict[str, Any]) -> list[str]:
    return [str(FACTORS.get(facts.get("factor", ""), ""))]


def rule_notes(facts: dict[str, Any]) -> list[str]:
    """Whose, and after how many days."""
    days = facts.get("grace_days")
    required = _("required after %d days") % days if isinstance(days, int) else _("not required")
    return [_("for the role %s") % facts["group"] if facts.get("group") else "", required]
