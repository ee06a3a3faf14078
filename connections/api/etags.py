"""Tags of what a program has read: asked for again it comes only when another, and changed only when the same."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Header, Status

from connections.api.problems import Problem

IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=2000)]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=2000)]


CLOCKS = ("quiet_s", "open_in_all_s", "open_longest_s")
"""What goes on by itself while nothing happens: the tag is weak, and leaves these out."""


def etag_of(body: dict[str, Any]) -> str:
    """The tag of what is shown of one thing."""
    said = {name: value for name, value in body.items() if name not in CLOCKS}
    text = json.dumps(said, sort_keys=True, default=str, ensure_ascii=False)
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def tagged(response: HttpResponse, body: dict[str, Any], if_none_match: str | None) -> Any:
    """`body` with its tag; 304 for who has it already (RFC 9110, 13.1.2)."""
    response.headers["ETag"] = etag_of(body)
    return Status(304, None) if _names(if_none_match, body) else body


def require_match(if_match: str | None, body: dict[str, Any]) -> None:
    """Raises Problem when the program has read something else than what is there now (RFC 9110, 13.1.1)."""
    if if_match is not None and not _names(if_match, body):
        raise Problem("changed_meanwhile", headers={"ETag": etag_of(body)})


def _names(header: str | None, body: dict[str, Any]) -> bool:
    """By the weak comparison, in both headers: what a program has seen is what it goes by."""
    names = [one.strip().removeprefix("W/") for one in (header or "").split(",")]
    return "*" in names or etag_of(body).removeprefix("W/") in names
