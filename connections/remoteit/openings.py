"""What an answer to ``device/connect`` means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connections.remoteit.answers import Cause, cause_of
from connections.remoteit.wire.replies import (
    Reply,
    ambiguity,
    first_line,
    is_id,
    json_object,
    reason_of,
    redirect,
    status_word,
    storable,
)

MOST_DIGITS = 12


class Opening(StrEnum):
    #: The body says status "true" and names the connection.
    OPENED = "opened"
    #: A clear no, with the API's reason word for word.
    REFUSED = "refused"
    #: No byte of the request left this machine.
    FAILED = "failed"
    #: It may have opened a connection: the request left, and no answer came that can be read as yes or no.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Opened:
    """What became of one wish for a connection. ``took_ms`` is in milliseconds.

    ``connection_id`` as the API spells it; ``proxy_address`` is where to go; ``expires_in_s`` is in seconds, None when
    the answer gives no number.
    """

    outcome: Opening
    cause: Cause
    status: int | None
    reason: str
    took_ms: int
    retry_after: str | None = None
    connection_id: str = ""
    proxy_address: str = ""
    expires_in_s: int | None = None


def read_connect(reply: Reply, device_address: str, took_ms: int) -> Opened:
    """Return what an answer to a wish for a connection to ``device_address`` says.

    Source: remoteit-api reference, section 2.1.
    """
    fields = json_object(reply)
    word = status_word(fields)
    if word == "true" and 200 <= reply.status < 300:
        return _read_yes(reply, fields, device_address, took_ms)
    if not fields and (why := ambiguity(reply)):
        cause = Cause.LIMIT if reply.status == 429 else Cause.NONE
        return Opened(Opening.UNKNOWN, cause, reply.status, why, took_ms, reply.retry_after)
    outcome, cause, reason = _read_no(reply, word, reason_of(fields))
    return Opened(outcome, cause, reply.status, reason, took_ms, reply.retry_after)


def _read_yes(reply: Reply, fields: dict[str, Any], device_address: str, took_ms: int) -> Opened:
    connection = fields.get("connection")
    connection = connection if isinstance(connection, dict) else {}
    named = (connection.get("connectionid"), fields.get("connectionid"))
    connection_id = next(filter(is_id, named), None)
    address = connection.get("deviceaddress")
    if connection_id is None:
        reason = 'The answer says "true", but names no connection: one may be open'
        return Opened(Opening.UNKNOWN, Cause.NONE, reply.status, reason, took_ms)
    if address is not None and str(address).lower() != device_address.lower():
        reason = f"The answer names another address: {storable(str(address))}"
        return Opened(Opening.UNKNOWN, Cause.NONE, reply.status, reason, took_ms)
    return Opened(
        Opening.OPENED,
        Cause.NONE,
        reply.status,
        reason_of(fields),
        took_ms,
        connection_id=connection_id,
        proxy_address=storable(str(connection.get("proxy") or "")),
        expires_in_s=_seconds(connection),
    )


def _read_no(reply: Reply, word: str | None, reason: str) -> tuple[Opening, Cause, str]:
    if reply.status == 429 and word != "true":
        return Opening.REFUSED, Cause.LIMIT, reason or first_line(reply)
    if word == "false":
        return Opening.REFUSED, cause_of(reason), reason
    if word is not None:
        return Opening.UNKNOWN, Cause.NONE, f'HTTP {reply.status}, and the status in the answer is "{word}"'
    if 300 <= reply.status < 400:
        return Opening.REFUSED, Cause.NONE, redirect(reply)
    if 400 <= reply.status < 500:
        reason = reason or first_line(reply)
        return Opening.REFUSED, cause_of(reason), reason
    return Opening.UNKNOWN, Cause.NONE, "No yes or no in the answer, a connection may be open: " + first_line(reply)


def _seconds(connection: dict[str, Any]) -> int | None:
    """Return the seconds until it ends, which come as text in one field and as a number in another."""
    for name in ("expirationsec", "proxyExpirationSec"):
        digits = str(connection.get(name, ""))
        # What is longer is no time, and Python refuses to read thousands of digits.
        if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS:
            return int(digits)
    return None
