"""An HTTP answer as received, and what can be read from any of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from connections.remoteit.wire import strict_json

FIRST_LINE_LENGTH = 200
FIRST_LINE_SEARCHED = 64 * 1024
#: What is longer is no id that anybody could send or keep: of remote.it's the longest has 40 characters.
LONGEST_ID = 64
_WORD = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Reply:
    """An HTTP answer as received. ``complete`` is False when the body was larger than the limit and left unread.

    ``fields``: the JSON object of a body that was read as it came, of which ``body`` is the beginning alone; {} when it
    can't be read, then ``unreadable`` may say why. ``clock_off_s``: by how many seconds this machine's clock is ahead.
    """

    status: int
    body: bytes
    complete: bool = True
    location: str | None = None
    retry_after: str | None = None
    fields: dict[str, Any] | None = None
    unreadable: str = ""
    clock_off_s: int | None = None


def storable(text: str) -> str:
    """Return ``text`` with what neither UTF-8 nor PostgreSQL can hold (lone surrogates, NUL) spelled as JSON does."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode("utf-8")


def body_text(reply: Reply) -> str:
    """Return the body as text; bytes that aren't UTF-8 become U+FFFD."""
    return storable(reply.body.decode("utf-8", "replace"))


def json_object(reply: Reply) -> dict[str, Any]:
    """Return the body's JSON object; {} when there is none that can be read whole, and in one way only."""
    if reply.fields is not None:
        return reply.fields
    if not reply.complete:
        return {}
    try:
        value = strict_json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def is_word(value: Any) -> TypeGuard[str]:
    """Return whether ``value`` is what ids, addresses and tokens are: visible ASCII without a blank."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def is_id(value: Any) -> TypeGuard[str]:
    """Return whether ``value`` can be the id of anything."""
    return is_word(value) and len(value) <= LONGEST_ID


def given_twice(error: strict_json.Ambiguous) -> str:
    return f'gives the key "{storable(str(error))[:40]}" twice'


def ambiguity(reply: Reply) -> str:
    """Return why the body's JSON can be read in more than one way: yes to one parser, no to another; "" if it can't."""
    try:
        strict_json.loads(reply.body)
    except strict_json.Ambiguous as error:
        return f"HTTP {reply.status}, and the answer {given_twice(error)}"
    except (ValueError, RecursionError):
        pass
    return ""


def status_word(fields: dict[str, Any]) -> str | None:
    """Return "true", "false", another word, or None: some answers have a number or nothing in this place."""
    status = fields.get("status")
    if isinstance(status, bool):
        return "true" if status else "false"
    return storable(status) if isinstance(status, str) else None


def reason_of(fields: dict[str, Any]) -> str:
    """Return the API's words: ``reason``, else ``message`` (remoteit-api reference, section 3), else nothing."""
    words = fields.get("reason") or fields.get("message") or ""
    return storable(words if isinstance(words, str) else json.dumps(words, ensure_ascii=False))


def first_line(reply: Reply) -> str:
    """Return status and first line of an answer that isn't what it should be."""
    start = reply.body[:FIRST_LINE_SEARCHED].decode("utf-8", "replace")
    lines = storable(start).strip().splitlines()
    size = "" if reply.complete else " (longer than the limit)"
    return f"HTTP {reply.status}{size}: {lines[0][:FIRST_LINE_LENGTH]}" if lines else f"HTTP {reply.status}, empty body"


def redirect(reply: Reply) -> str:
    """Return what a redirect says. Name the host alone: the rest of a Location may carry credentials."""
    try:
        host = urlsplit(reply.location or "").hostname
    except ValueError:
        host = None
    return f"HTTP {reply.status}, a redirect that was not followed, to {storable(host) if host else 'an unnamed host'}"
