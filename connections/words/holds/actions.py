"""What the history says of holds and of the measures that they take."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.measures import UndoState
from connections.words.counts import number
from connections.words.holds.record import record_words

WHAT = {"link": gettext_lazy("public link"), "service": gettext_lazy("service")}
ANSWERS = {
    "set": gettext_lazy("remote.it has set the %s as asked"),
    "refused": gettext_lazy("remote.it refused to change the %s"),
    "failed": gettext_lazy("the change of the %s did not leave this machine"),
    "unknown": gettext_lazy("no clear answer: the %s may have been changed"),
}


def requested(facts: dict[str, Any]) -> str:
    level = facts.get("level")
    if level not in Level.values:
        return ""
    count = int(facts.get("services", 0))
    text = ngettext("asked to hold %(count)s service: %(level)s", "asked to hold %(count)s services: %(level)s", count)
    return text % {"count": number(count), "level": Level(level).label}


def requested_notes(facts: dict[str, Any]) -> list[str]:
    found = [_("until nothing matches for %d s") % int(facts.get("quiet_s", 0))]
    return [*found, _("whatever matches: %s") % facts["match"]] if facts.get("match") else found


def sent(facts: dict[str, Any]) -> str:
    what = _what(facts)
    if facts.get("restore"):
        return _("%s about to be put back as it was") % what
    return _("%s about to be switched off") % what


def answered(facts: dict[str, Any]) -> str:
    words = ANSWERS.get(str(facts.get("outcome")))
    return str(words) % _what(facts) if words else ""


def seen(facts: dict[str, Any]) -> str:
    if facts.get("value"):
        return _("%s seen on again, though nobody here had asked for it") % _what(facts)
    return _("%s seen switched off") % _what(facts)


def returned(facts: dict[str, Any]) -> str:
    return _("%s came back") % (facts.get("opened_by") or _("a visitor without an account"))


def returned_notes(facts: dict[str, Any]) -> list[str]:
    notes = []
    if facts.get("back_after_s") is not None:
        notes.append(_("%d s after the one before was over") % int(facts["back_after_s"]))
    if facts.get("seen_by") == "event":
        notes.append(_("told by remote.it's events alone; no list showed it"))
    return notes


def event_seen(facts: dict[str, Any]) -> str:
    people = [str(one) for one in facts.get("event_people", ())]
    words = record_words(str(facts.get("event")), str(facts.get("event_state", "")), people, shared=facts.get("shared"))
    return _("remote.it's own record: %s") % words


def event_notes(facts: dict[str, Any]) -> list[str]:
    return [_("by %s") % facts["event_by"]] if facts.get("event_by") else []


def ended(facts: dict[str, Any]) -> str:
    how = facts.get("how")
    return _("hold ended: %s") % HoldEnd(how).label if how in HoldEnd.values else ""


def ended_notes(facts: dict[str, Any]) -> list[str]:
    notes = []
    if facts.get("still_coming"):
        notes.append(_("%s still open") % number(facts["still_coming"]))
    if facts.get("to_restore"):
        notes.append(_("%s to put back") % number(facts["to_restore"]))
    return [*notes, str(facts.get("reason", ""))]


def restored(facts: dict[str, Any]) -> str:
    outcome = facts.get("outcome")
    if outcome not in UndoState.values:
        return ""
    return _("%(what)s: %(outcome)s") % {"what": _what(facts), "outcome": UndoState(outcome).label}


def why(facts: dict[str, Any]) -> list[str]:
    return [str(facts.get("why", ""))]


def raised(facts: dict[str, Any]) -> str:
    level = facts.get("level")
    return _("went further with a hold: %s") % Level(level).label if level in Level.values else ""


def _what(facts: dict[str, Any]) -> str:
    return str(WHAT.get(str(facts.get("measure")), facts.get("measure", "")))
