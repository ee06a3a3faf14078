"""What an answer of the API means. Pure functions: status, headers and body in, one outcome out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

FIRST_LINE_LENGTH = 200


class Outcome(StrEnum):
    #: The body says status "true"; HTTP 200 alone never counts.
    STOPPED = "stopped"
    #: The API says that it doesn't know this connection id; whether the id was ever real, the caller knows.
    ALREADY_GONE = "already_gone"
    #: A clear no, with the API's reason word for word.
    REFUSED = "refused"
    #: No byte of the request left this machine.
    FAILED = "failed"
    #: It may have happened: the request left, and no answer came that can be read as yes or no.
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """What a refusal is about, as far as its words tell."""

    #: The words don't tell, or name several things at once.
    NONE = ""
    #: The connection id.
    CONNECTION = "connection"
    #: The device (service) address.
    ADDRESS = "address"
    #: The developer key, or the sign-in itself.
    CREDENTIALS = "credentials"
    #: The session token; a new sign-in may help.
    TOKEN = "token"  # noqa: S105  (a word, not a secret)
    #: Too many requests.
    LIMIT = "limit"


@dataclass(frozen=True)
class Answer:
    """What became of one stop; ``retry_after`` and ``body`` as the API sent them.

    ``took_ms`` is in milliseconds, None when nobody was there to measure it.
    """

    outcome: Outcome
    cause: Cause
    status: int | None
    reason: str
    took_ms: int | None
    retry_after: str | None = None
    body: str = ""


@dataclass(frozen=True)
class Login:
    """What became of one sign-in: ``accepted`` is None when no clear yes or no came back."""

    accepted: bool | None
    cause: Cause
    status: int | None
    reason: str
    took_ms: int | None
    retry_after: str | None = None


@dataclass(frozen=True)
class Reply:
    """An HTTP answer as received. ``complete`` is False when the body was larger than the limit and left unread."""

    status: int
    body: bytes
    complete: bool = True
    location: str | None = None
    retry_after: str | None = None


# The vendor's page "device/connect/stop" gives its one 401 three causes (developerkey failed validation; connectionid
# incorrect or missing; deviceaddress incorrect or missing) and no literal texts. "api key failed validation", "The API
# application key is invalid", "missing api token", "api token missing", "Auth token expired", "bad device address" and
# "[0861]" are known from elsewhere (remoteit-api reference, sections 1.2, 1.3 and 2.1). That a reason worded like one
# of these means the same on a stop is our inference, not documented behaviour.
_CONNECTION_WORDS = (
    r"connection[ _-]?id",
    r"(no such|unknown) connection\b",
    r"connection (was |is )?not found",
    r"connection does(n't| not) exist",
    r"connection (is |was |has been |has )?already ",
)
_CAUSE_WORDS = {
    Cause.CONNECTION: "|".join(_CONNECTION_WORDS),
    Cause.ADDRESS: r"(device|service)[ _-]?(address|id)\b|unknown device|\[0861\]|\[0806\]",
    Cause.CREDENTIALS: r"(developer|api|application|access)[ _-]?key|user ?name or password",
    Cause.TOKEN: r"token\W+((is|has|was) )?(missing|expired|invalid|incorrect|failed)"
    r"|(missing|expired|invalid|incorrect|bad|no) (\w+ )?token",
}
_CAUSES = {cause: re.compile(words, re.IGNORECASE) for cause, words in _CAUSE_WORDS.items()}
_NOT_KNOWN = re.compile(
    r"incorrect|invalid|unknown|not found|no such|does(n't| not) exist|expired|already", re.IGNORECASE
)

# remoteit-api reference, section 1.2: the codes of an account with two-factor sign-in.
_TWO_FACTOR_CODES = {"SMS_MFA", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"}
_TWO_FACTOR_ADVICE = "This account uses two-factor sign-in and needs an access key instead of a password"


def read_stop(reply: Reply, connection_id: str) -> tuple[Outcome, Cause, str]:
    """Return outcome, cause and reason of an answer to a stop of ``connection_id``.

    Source: the vendor's page "device/connect/stop"; remoteit-api reference, sections 2.2, 3 and 4.
    """
    fields = _json_object(reply)
    word = _status_word(fields)
    if word == "true":
        return _read_yes(reply, fields, connection_id)
    if reply.status == 429:
        return Outcome.REFUSED, Cause.LIMIT, _reason(fields) or _first_line(reply)
    if word == "false":
        return _read_no(reply, _reason(fields))
    if word is not None:
        return Outcome.UNKNOWN, Cause.NONE, f'HTTP {reply.status}, and the status in the answer is "{word}"'
    if 300 <= reply.status < 400:
        return Outcome.REFUSED, Cause.NONE, _redirect(reply)
    if 400 <= reply.status < 500:
        reason = _reason(fields) or _first_line(reply)
        return Outcome.REFUSED, cause_of(reason), reason
    return Outcome.UNKNOWN, Cause.NONE, "No yes or no in the answer: " + _first_line(reply)


def _read_yes(reply: Reply, fields: dict[str, Any], connection_id: str) -> tuple[Outcome, Cause, str]:
    """A yes counts only with a 2xx, and only for the connection that was asked about."""
    if not 200 <= reply.status < 300:
        cause = Cause.LIMIT if reply.status == 429 else Cause.NONE
        return Outcome.UNKNOWN, cause, f'HTTP {reply.status} contradicts the answer\'s status "true"'
    echo = fields.get("connectionid", fields.get("id"))
    if echo is not None and str(echo).lower() != connection_id.lower():
        return Outcome.UNKNOWN, Cause.NONE, f"The answer names another connection: {storable(str(echo))}"
    return Outcome.STOPPED, Cause.NONE, _reason(fields)


def _read_no(reply: Reply, reason: str) -> tuple[Outcome, Cause, str]:
    cause = cause_of(reason)
    # A server that is in trouble is no witness that the connection doesn't exist.
    if cause is Cause.CONNECTION and reply.status < 500 and _NOT_KNOWN.search(reason):
        return Outcome.ALREADY_GONE, cause, reason
    return Outcome.REFUSED, cause, reason


def read_login(reply: Reply) -> tuple[str, bool | None, Cause, str]:
    """Return token, accepted, cause and reason of an answer to a sign-in.

    Source: remoteit-api reference, section 1.2.
    """
    fields = _json_object(reply)
    word = _status_word(fields)
    reason = _reason(fields)
    token = fields.get("token")
    if word == "true" and 200 <= reply.status < 300 and isinstance(token, str) and token:
        return token, True, Cause.NONE, ""
    if reply.status == 429:
        return "", None, Cause.LIMIT, reason or _first_line(reply)
    if str(fields.get("code")) in _TWO_FACTOR_CODES:
        return "", False, Cause.CREDENTIALS, f"{_TWO_FACTOR_ADVICE} ({fields['code']}). {reason}".strip()
    if word == "false" and reply.status < 500:
        return "", False, Cause.CREDENTIALS, reason or f"HTTP {reply.status} without a reason"
    if word == "true":
        return "", None, Cause.NONE, f'HTTP {reply.status} with status "true", but no token that can be used'
    if 300 <= reply.status < 400:
        return "", None, Cause.NONE, _redirect(reply)
    if reply.status in (401, 403):
        return "", False, Cause.CREDENTIALS, _first_line(reply)
    return "", None, Cause.NONE, reason or _first_line(reply)


def read_probe(reply: Reply) -> tuple[bool | None, Cause, str]:
    """Return accepted, cause and reason of an answer to a reading made only to try the credentials.

    Source: remoteit-api reference, section 2.3. The list may be longer than what we read of it, but a "no" is short.
    """
    fields = _json_object(reply)
    word = _status_word(fields)
    if 200 <= reply.status < 300 and (word == "true" or not reply.complete):
        return True, Cause.NONE, ""
    if reply.status in (401, 403) or (word == "false" and reply.status < 429):
        return False, Cause.CREDENTIALS, _reason(fields) or _first_line(reply)
    return None, Cause.LIMIT if reply.status == 429 else Cause.NONE, _reason(fields) or _first_line(reply)


def cause_of(reason: str) -> Cause:
    """Return what ``reason`` is about; NONE when it names nothing known, or more than one thing."""
    causes = [cause for cause, words in _CAUSES.items() if words.search(reason)]
    return causes[0] if len(causes) == 1 else Cause.NONE


def storable(text: str) -> str:
    """Return ``text`` with what neither UTF-8 nor PostgreSQL can hold (lone surrogates, NUL) spelled as JSON does."""
    return text.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode("utf-8")


def body_text(reply: Reply) -> str:
    """Return the body as text; bytes that aren't UTF-8 become U+FFFD."""
    return storable(reply.body.decode("utf-8", "replace"))


def _json_object(reply: Reply) -> dict[str, Any]:
    """Return the body's JSON object; {} when there is none that can be read whole."""
    if not reply.complete:
        return {}
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _status_word(fields: dict[str, Any]) -> str | None:
    """Return "true", "false", another word, or None: some answers have a number or nothing in this place."""
    status = fields.get("status")
    if isinstance(status, bool):
        return "true" if status else "false"
    return storable(status) if isinstance(status, str) else None


def _reason(fields: dict[str, Any]) -> str:
    """Return the API's words: ``reason``, else ``message`` (remoteit-api reference, section 3), else nothing."""
    words = fields.get("reason") or fields.get("message") or ""
    return storable(words if isinstance(words, str) else json.dumps(words, ensure_ascii=False))


def _first_line(reply: Reply) -> str:
    lines = body_text(reply).strip().splitlines()
    size = "" if reply.complete else " (longer than the limit)"
    return f"HTTP {reply.status}{size}: {lines[0][:FIRST_LINE_LENGTH]}" if lines else f"HTTP {reply.status}, empty body"


def _redirect(reply: Reply) -> str:
    """Name the host alone: the rest of a Location may carry credentials."""
    try:
        host = urlsplit(reply.location or "").hostname
    except ValueError:
        host = None
    return f"HTTP {reply.status}, a redirect that was not followed, to {storable(host) if host else 'an unnamed host'}"
