"""What the history says of stops, of the lists, and of the verdicts that rest on them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.models.states import ItemState, SkipReason, UnverifiedReason, Verdict
from connections.words.counts import number

ANSWERS = {
    "stopped": gettext_lazy("stop accepted by remote.it"),
    "already_gone": gettext_lazy("connection not known to remote.it"),
    "refused": gettext_lazy("stop refused by remote.it"),
    "failed": gettext_lazy("stop did not leave this machine"),
    "unknown": gettext_lazy("no clear answer: it may have been stopped"),
}
"""What an answer to one attempt says, by its own outcome."""


def answer_notes(facts: dict[str, Any]) -> list[str]:
    notes = []
    if facts.get("possibly_by_attempt"):
        notes.append(_("gone, possibly by our attempt %d") % facts["possibly_by_attempt"])
    if not facts.get("late") and not facts.get("item_outcome"):
        notes.append(_("another attempt follows"))
    return [*notes, *late(facts)]


def late(facts: dict[str, Any]) -> list[str]:
    return [_("it came after this attempt was given up, and changes nothing")] if facts.get("late") else []


def why_withdrawn(facts: dict[str, Any]) -> list[str]:
    return [str(facts.get("why", ""))]


def skipped(facts: dict[str, Any]) -> str:
    if facts.get("item_outcome") == ItemState.FAILED:
        return _("not sent: it waited for remote.it as long as it was to")
    return _("no further attempt: what was sent may have stopped it") if facts.get("item_outcome") else ""


def why_skipped(facts: dict[str, Any]) -> list[str]:
    why = facts.get("why")
    return [str(SkipReason(why).label)] if why in SkipReason.values else []


def run_note(facts: dict[str, Any]) -> list[str]:
    return [str(facts.get("note", ""))]


def verdict(facts: dict[str, Any]) -> str:
    found = facts.get("verdict")
    return str(Verdict(found).label) if found in Verdict.values else ""


def verdict_notes(facts: dict[str, Any]) -> list[str]:
    notes = []
    if facts.get("verdict_before") in Verdict.values:
        notes.append(_("until then: %s") % Verdict(facts["verdict_before"]).label)
    if facts.get("came_back_as"):
        seconds = int(facts.get("came_back_after_s", 0))
        notes.append(
            _("same service and person, opened %(seconds)d s after the answer as %(id)s")
            % {"seconds": seconds, "id": facts["came_back_as"]}
        )
    return [*notes, _why(facts)]


def left(facts: dict[str, Any]) -> str:
    count = int(facts.get("count", 0))
    text = ngettext(
        "left %(count)s of a run as it is: %(what)s", "left %(count)s of a run as they are: %(what)s", count
    )
    return text % {"count": number(count), "what": facts.get("what", "")} if count else ""


def list_read(facts: dict[str, Any]) -> str:
    if not facts.get("complete"):
        return _("list not read completely")
    count = int(facts.get("sessions", 0))
    text = ngettext("list read: %(count)s connection", "list read: %(count)s connections", count)
    return text % {"count": number(count)}


def list_notes(facts: dict[str, Any]) -> list[str]:
    notes = []
    if facts.get("opened"):
        notes.append(_("%s seen for the first time") % number(facts["opened"]))
    if facts.get("ended"):
        notes.append(_("%s ended without us") % number(facts["ended"]))
    return [*notes, _why(facts)]


def why_ended(facts: dict[str, Any]) -> list[str]:
    if facts.get("expired"):
        return [_("past its own end, and not in the list any more")]
    return [_("missing from two complete lists in a row")]


def _why(facts: dict[str, Any]) -> str:
    why = facts.get("why", "")
    return str(UnverifiedReason(why).label if why in UnverifiedReason.values else why)
