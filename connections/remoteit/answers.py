"""What an answer of the API means. Pure functions: status, headers and body in, one outcome out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connections.remoteit.wire.replies import (
    Reply,
    ambiguity,
    first_line,
    is_word,
    json_object,
    reason_of,
    redirect,
    status_word,
    storable,
)
from connections.remoteit.wordings import Meaning, meaning_of


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
    """What a refusal or a failure is about, as far as its words, or the network, tell."""

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
    #: The way to the API: no connection came about, so no byte of the request left.
    REACH = "reach"


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
    """What became of one sign-in: ``accepted`` is None when no clear yes or no came back.

    ``clock_off_s``: by how many seconds this machine's clock is ahead of the API's, None when no answer told.
    """

    accepted: bool | None
    cause: Cause
    status: int | None
    reason: str
    took_ms: int | None
    retry_after: str | None = None
    clock_off_s: int | None = None


# The vendor's page "device/connect/stop" gives its one 401 three causes (developerkey failed validation; connectionid
# incorrect or missing; deviceaddress incorrect or missing) and no literal texts. "api key failed validation", "The API
# application key is invalid", "missing api token", "api token missing", "Auth token expired", "bad device address" and
# "[0861]" are known from elsewhere (remoteit-api reference, sections 1.2, 1.3 and 2.1). That a reason worded like one
# of these means the same on a stop is our inference, not documented behaviour.
_CAUSE_WORDS = {
    Cause.ADDRESS: r"(device|service)[ _-]?(address|id)\b|unknown device|\[0861\]|\[0806\]",
    Cause.CREDENTIALS: r"(developer|api|application|access)[ _-]?key|user ?name or password",
    Cause.TOKEN: r"token\W+((is|has|was) )?(missing|expired|invalid|incorrect|failed)"
    r"|(missing|expired|invalid|incorrect|bad|no) (\w+ )?token",
}
_CAUSES = {cause: re.compile(words, re.IGNORECASE) for cause, words in _CAUSE_WORDS.items()}
_CONNECTION_ID = re.compile(r"connection[ _-]?id", re.IGNORECASE)

# remoteit-api reference, section 1.2: the codes of an account with two-factor sign-in.
_TWO_FACTOR_CODES = {"SMS_MFA", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"}
TWO_FACTOR_ADVICE = "This account uses two-factor sign-in and needs an access key instead of a password"


def read_stop(reply: Reply, connection_id: str) -> tuple[Outcome, Cause, str]:
    """Return outcome, cause and reason of an answer to a stop of ``connection_id``.

    Source: the vendor's page "device/connect/stop"; remoteit-api reference, sections 2.2, 3 and 4.
    """
    fields = json_object(reply)
    word = status_word(fields)
    if word == "true":
        return _read_yes(reply, fields, connection_id)
    if not fields and (why := ambiguity(reply)):
        return Outcome.UNKNOWN, Cause.LIMIT if reply.status == 429 else Cause.NONE, why
    if reply.status == 429:
        return Outcome.REFUSED, Cause.LIMIT, reason_of(fields) or first_line(reply)
    if word == "false":
        return _read_no(reply, reason_of(fields))
    if word is not None:
        return Outcome.UNKNOWN, Cause.NONE, f'HTTP {reply.status}, and the status in the answer is "{word}"'
    if 300 <= reply.status < 400:
        return Outcome.REFUSED, Cause.NONE, redirect(reply)
    if 400 <= reply.status < 500:
        reason = reason_of(fields) or first_line(reply)
        return Outcome.REFUSED, cause_of(reason), reason
    return Outcome.UNKNOWN, Cause.NONE, "No yes or no in the answer: " + first_line(reply)


def _read_yes(reply: Reply, fields: dict[str, Any], connection_id: str) -> tuple[Outcome, Cause, str]:
    """A yes counts only with a 2xx, and only for the connection that was asked about."""
    if not 200 <= reply.status < 300:
        cause = Cause.LIMIT if reply.status == 429 else Cause.NONE
        return Outcome.UNKNOWN, cause, f'HTTP {reply.status} contradicts the answer\'s status "true"'
    echo = fields.get("connectionid", fields.get("id"))
    if echo is not None and str(echo).lower() != connection_id.lower():
        return Outcome.UNKNOWN, Cause.NONE, f"The answer names another connection: {storable(str(echo))}"
    return Outcome.STOPPED, Cause.NONE, reason_of(fields)


def _read_no(reply: Reply, reason: str) -> tuple[Outcome, Cause, str]:
    cause = cause_of(reason)
    # A server that is in trouble is no witness that the connection doesn't exist.
    if cause is Cause.CONNECTION and reply.status < 500 and meaning_of(reason) is not Meaning.OTHER:
        return Outcome.ALREADY_GONE, cause, reason
    return Outcome.REFUSED, cause, reason


def read_login(reply: Reply) -> tuple[str, bool | None, Cause, str]:
    """Return token, accepted, cause and reason of an answer to a sign-in.

    Source: remoteit-api reference, section 1.2.
    """
    fields = json_object(reply)
    word = status_word(fields)
    reason = reason_of(fields)
    token = fields.get("token")
    if word == "true" and 200 <= reply.status < 300 and is_word(token):
        return token, True, Cause.NONE, ""
    if not fields and (why := ambiguity(reply)):
        return "", None, Cause.LIMIT if reply.status == 429 else Cause.NONE, why
    if reply.status == 429:
        return "", None, Cause.LIMIT, reason or _quoted(reply)
    if str(fields.get("code")) in _TWO_FACTOR_CODES:
        return "", False, Cause.CREDENTIALS, f"{TWO_FACTOR_ADVICE} ({fields['code']}). {reason}".strip()
    if word == "false" and reply.status < 500:
        return "", False, Cause.CREDENTIALS, reason or f"HTTP {reply.status} without a reason"
    if word == "true":
        return "", None, Cause.NONE, f'HTTP {reply.status} with status "true", but no token that can be used'
    if 300 <= reply.status < 400:
        return "", None, Cause.NONE, redirect(reply)
    if reply.status in (401, 403):
        return "", False, Cause.CREDENTIALS, _quoted(reply)
    return "", None, Cause.NONE, reason or _quoted(reply)


def _quoted(reply: Reply) -> str:
    """The first line of an answer to a sign-in, unless it may hold a token: one that nobody knows yet, to hide it."""
    if b"token" in reply.body.lower() or b"authhash" in reply.body.lower():
        return f"HTTP {reply.status}, an answer that is not quoted, since it may hold a token"
    return first_line(reply)


def read_probe(reply: Reply) -> tuple[bool | None, Cause, str]:
    """Return accepted, cause and reason of an answer to a reading made only to try the credentials.

    Source: remoteit-api reference, section 2.3. The list may be longer than what we read of it, but a "no" is short.
    """
    fields = json_object(reply)
    word = status_word(fields)
    if 200 <= reply.status < 300 and (word == "true" or not reply.complete):
        return True, Cause.NONE, ""
    if not fields and (why := ambiguity(reply)):
        return None, Cause.LIMIT if reply.status == 429 else Cause.NONE, why
    if reply.status in (401, 403) or (word == "false" and reply.status < 429):
        return False, Cause.CREDENTIALS, reason_of(fields) or first_line(reply)
    return None, Cause.LIMIT if reply.status == 429 else Cause.NONE, reason_of(fields) or first_line(reply)


def cause_of(reason: str) -> Cause:
    """Return what ``reason`` is about; NONE when it names nothing known, or more than one thing."""
    causes = [cause for cause, words in _CAUSES.items() if words.search(reason)]
    if _CONNECTION_ID.search(reason) or meaning_of(reason) is not Meaning.OTHER:
        causes.append(Cause.CONNECTION)
    return causes[0] if len(causes) == 1 else Cause.NONE
