"""Answers as this API writes them: compact, `status` first, slashes escaped (remoteit-api reference, section 0)."""

from __future__ import annotations

import json
from typing import Any

from connections.sandbox.wire.http import Response


def encode(value: Any) -> bytes:
    # A slash can only stand inside a JSON string, so the replacement is safe.
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def ok(**fields: Any) -> Response:
    return Response(200, encode({"status": "true", **fields}))


def error(http_status: int, reason: str | None, **fields: Any) -> Response:
    """A refusal; `reason` None leaves the key out, as some documented answers do."""
    words = {} if reason is None else {"reason": reason}
    return Response(http_status, encode({"status": "false", **words, **fields}))


def graphql(value: dict[str, Any]) -> Response:
    """GraphQL's own way to write: slashes and letters as they are."""
    return Response(200, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def html(http_status: int, title: str) -> Response:
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Response(http_status, page.encode(), "text/html; charset=UTF-8")
