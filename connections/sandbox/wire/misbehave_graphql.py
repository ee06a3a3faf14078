"""What a fault does to an answer of GraphQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from connections.sandbox.wire.http import Response
from connections.sandbox.wire.replies import graphql

#: Invented, the vendor gives no literal.
ERRORS = [{"message": "the sandbox was told to fail"}]


def altered(kind: str, real: Response) -> Response:
    """`real` with what the kind of fault changes; a refusal that is no JSON stays as it is."""
    if kind == "sessions_twice":
        return Response(real.status, real.body.replace(b'"sessions":[', b'"sessions":[],"sessions":['))
    try:
        body: dict[str, Any] = json.loads(real.body)
    except ValueError:
        return real
    if kind == "errors_too":
        body["errors"] = ERRORS
    for holder in holders(body):
        alter(kind, holder)
    return graphql(body)


def alter(kind: str, holder: dict[str, Any]) -> None:
    sessions = holder["sessions"]
    if kind == "null_sessions":
        holder["sessions"] = None
    elif sessions and kind == "null_session":
        sessions[0] = None
    elif sessions and kind == "null_endpoint":
        sessions[0]["endpoint"] = None
    elif sessions and kind == "blank_id":
        sessions[0]["id"] = "  "


def holders(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in `value` that has a list of sessions."""
    if isinstance(value, dict):
        if isinstance(value.get("sessions"), list):
            yield value
        for inner in value.values():
            yield from holders(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from holders(inner)
