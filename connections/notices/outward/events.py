"""What a line of the history is to a machine: a type and thin data. Names are left out unless asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connections.models.telling.bell import Kind
from connections.notices.links import link_to
from connections.words.actions import sentence_for
from connections.words.telling.notices import cleared, sentence

if TYPE_CHECKING:
    from connections.models import AuditEvent

TYPES = {
    "alarm.raised": "alarm.raised",
    "alarm.cleared": "alarm.cleared",
    "stop.requested": "run.requested",
    "approval.asked": "run.needs_approval",
    "run.approved": "run.approved",
    "run.denied": "run.denied",
    "run.taken_over": "run.taken_over",
    "run.finished": "run.finished",
    "hold.requested": "hold.started",
    "hold.returned": "hold.returned",
    "hold.quiet": "hold.quiet",
    "hold.ended": "hold.ended",
    "glass.broken": "glass.broken",
    "token.created": "token.created",
    "sending.paused": "sending.paused",
    "sending.resumed": "sending.resumed",
    "webhook.off": "webhook.off",
}
"""The type of event that an action of the history is."""
ALARMS = ("alarm.raised", "alarm.cleared")
THIN = ("run_id", "hold_id", "alarm", "alarm_id", "count", "outcomes", "verdicts", "left", "review")
NAMES = ("account", "actor", "who", "asked_by", "taken_from", "reason", "ticket", "why")


def event_of(line: AuditEvent, *, with_names: bool) -> dict[str, Any]:
    """The payload of `line`: `type`, `timestamp`, and in `data` its number and hash and what it is about."""
    body = json.loads(line.body)
    kept = (*THIN, *NAMES) if with_names else THIN
    data = {name: body[name] for name in kept if name in body}
    link = link_to({"run": body.get("run_id"), "hold": body.get("hold_id"), "approval": body.get("approval")})
    data |= {"seq": line.seq, "hash": line.hash, "words": _words(line, body, with_names=with_names)}
    return {"type": TYPES[line.action], "timestamp": body["at"], "data": data | ({"link": link} if link else {})}


def _words(line: AuditEvent, body: dict[str, Any], *, with_names: bool) -> str:
    facts = {**body, "run": body.get("run_id", ""), "hold": body.get("hold_id", "")}
    if not with_names:
        facts |= dict.fromkeys(("who", "name", "taken_from"), "somebody")
        facts |= {"account": f"account {body.get('account_id', '')}"}
    if line.action not in ALARMS or body.get("alarm") not in Kind.values:
        facts |= {} if with_names else {"user": "somebody", "token": ""}
        return sentence_for(line.action, facts)
    say = sentence if line.action == "alarm.raised" else cleared
    return say(body["alarm"], facts)
