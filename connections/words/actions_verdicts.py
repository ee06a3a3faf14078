"""What the history says of lists, and of the verdicts that rest on them."""

from __future__ import annotations

from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.models.states import UnverifiedReason, Verdict


def sentence(action: str, facts: dict[str, Any]) -> str:
    """What happened, beginning in lower case; "" when the action's plain sentence says it all."""
    if action == "stop.verified":
        verdict = facts.get("verdict")
        return str(Verdict(verdict).label) if verdict in Verdict.values else ""
    if action == "list.read" and not facts.get("complete"):
        return _("list not read completely")
    if action == "list.read":
        count = int(facts.get("sessions", 0))
        text = ngettext("list read: %(count)s connection", "list read: %(count)s connections", count)
        return text % {"count": number_format(count)}
    return ""


def details(action: str, facts: dict[str, Any]) -> list[str]:
    """What has to be said beside it; a note for each."""
    notes = []
    if action == "stop.verified" and facts.get("verdict_before") in Verdict.values:
        notes.append(_("until then: %s") % Verdict(facts["verdict_before"]).label)
    if action == "stop.verified" and facts.get("came_back_as"):
        seconds = int(facts.get("came_back_after_s", 0))
        notes.append(
            _("same service and person, opened %(seconds)d s after the answer as %(id)s")
            % {"seconds": seconds, "id": facts["came_back_as"]}
        )
    if action == "list.read" and facts.get("opened"):
        notes.append(_("%s seen for the first time") % number_format(facts["opened"]))
    if action == "list.read" and facts.get("ended"):
        notes.append(_("%s ended without us") % number_format(facts["ended"]))
    if action in ("stop.verified", "list.read") and facts.get("why"):
        why = facts["why"]
        notes.append(str(UnverifiedReason(why).label if why in UnverifiedReason.values else why))
    if action == "connection.ended":
        notes.append(
            _("past its own end, and not in the list any more")
            if facts.get("expired")
            else _("missing from two complete lists in a row")
        )
    return [str(note) for note in notes]
