"""A JSON Schema for each kind of line, from one source: the table of actions, and what every line may say."""

from __future__ import annotations

from typing import Any

from django.utils.translation import override

from connections.models.states import ItemState, Verdict
from connections.words.actions import ACTIONS

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
COMMON: dict[str, dict[str, Any]] = {
    "seq": {"type": "integer", "minimum": 1},
    "prev_hash": HASH,
    "hash": HASH,
    "at": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"},
    "action": {"type": "string"},
    "origin": {"enum": ["web", "api", "command", "worker"]},
    **dict.fromkeys(("client_ip", "user_agent", "system_user", "token", "request_id", "actor", "account"), TEXT),
    **dict.fromkeys(("actor_id", "account_id", "connection", "run_id", "hold_id", "item_id", "attempt"), NUMBER),
    **dict.fromkeys(("connection_id", "device_address", "reason", "ticket", "upstream_reason"), TEXT),
    "upstream_status": NUMBER,
    "outcome": {"type": "string"},
    "verdict": {"enum": [str(one) for one in Verdict]},
}
"""What a line may say, whatever its kind. Further facts depend on the kind, and more may come."""
ALWAYS = ("seq", "prev_hash", "hash", "at", "action", "origin")
OF_ITEM = ("run_id", "item_id", "connection_id", "device_address", "account")
REQUIRED = {
    "stop.requested": ("actor", "run_id"),
    "stop.sent": (*OF_ITEM, "attempt"),
    "stop.answered": (*OF_ITEM, "attempt", "outcome"),
    "stop.verified": (*OF_ITEM, "verdict"),
    "run.finished": ("run_id",),
}
OUTCOMES = {"stop.answered": [*(str(one) for one in ItemState), "limited"]}


def document() -> dict[str, Any]:
    """All of them: `$defs` has one for each action, and the whole takes a line of any."""
    with override("en"):
        kinds = {action: _kind(action, str(ACTIONS[action].name)) for action in sorted(ACTIONS)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of the history of remoteit-admin",
        "$ref": "#/$defs/line",
        "allOf": [
            {
                "if": {"properties": {"action": {"const": action}}, "required": ["action"]},
                "then": {"$ref": f"#/$defs/{action}"},
            }
            for action in kinds
        ],
        "$defs": {"line": _LINE, **kinds},
    }


_LINE = {
    "type": "object",
    "properties": COMMON,
    "required": list(ALWAYS),
    "additionalProperties": {"type": ["string", "integer", "boolean", "array", "object", "null"]},
}


def _kind(action: str, title: str) -> dict[str, Any]:
    properties: dict[str, Any] = {"action": {"const": action}}
    if action in OUTCOMES:
        properties["outcome"] = {"enum": OUTCOMES[action]}
    required = {"required": list(REQUIRED[action])} if action in REQUIRED else {}
    return {"title": title, "$ref": "#/$defs/line", "properties": properties, **required}
