"""What a fault does to an answer of GraphQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from connections.sandbox.wire.http import Response

#: Invented, the vendor gives no literal.
MESSAGE = "the sandbox was told to fail"


def written(value: dict[str, Any]) -> Response:
    return Response(200, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def unauthorized() -> Response:
    return Response(403, b"Unauthorized", "text/plain")


def errors() -> Response:
    return written({"errors": [{"message": MESSAGE}]})


def ignored() -> Response:
    return written({"data": {"disconnect": True}})


def errors_too(body: dict[str, Any]) -> None:
    body["errors"] = [{"message": MESSAGE}]


def null_sessions(body: dict[str, Any]) -> None:
    for holder in holders(body):
        holder["sessions"] = None


def null_session(body: dict[str, Any]) -> None:
    for holder in holders(body):
        holder["sessions"][:1] = [None for _ in holder["sessions"][:1]]


def null_endpoint(body: dict[str, Any]) -> None:
    for holder in holders(body):
        for session in holder["sessions"][:1]:
            session["endpoint"] = None


def blank_id(body: dict[str, Any]) -> None:
    for holder in holders(body):
        for session in holder["sessions"][:1]:
            session["id"] = "  "


def sessions_twice(real: Response) -> Response:
    return Response(real.status, real.body.replace(b'"sessions":[', b'"sessions":[],"sessions":['))


def holders(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in `value` that has a list of sessions."""
    if isinstance(value, dict):
        if isinstance(value.get("sessions"), list):
            yield value
        for inner in value.values():
            yield from holders(inner)


def altering(change: Callable[[dict[str, Any]], None]) -> Callable[[Response], Response]:
    def altered(real: Response) -> Response:
        """`real` with the change; a refusal that is no JSON stays as it is."""
        try:
            body: dict[str, Any] = json.loads(real.body)
        except ValueError:
            return real
        change(body)
        return written(body)

    return altered


ALTERED: dict[str, Callable[[Response], Response]] = {
    "errors_too": altering(errors_too),
    "null_sessions": altering(null_sessions),
    "null_session": altering(null_session),
    "null_endpoint": altering(null_endpoint),
    "blank_id": altering(blank_id),
    "sessions_twice": sessions_twice,
}
