"""The GraphQL API: what its answers have in common, and the mutation that ends a connection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from connections.remoteit.answers import Cause, Outcome, cause_of
from connections.remoteit.wire.replies import Reply, ambiguity, first_line, json_object, redirect, storable
from connections.remoteit.wordings import Meaning, meaning_of

DISCONNECT = """\
mutation Disconnect($connectionId: String!, $serviceId: String) {
  disconnect(connectionId: $connectionId, serviceId: $serviceId)
}
"""

# Words of a server in trouble: they say that it broke, not that it refused.
_TROUBLE = re.compile(r"internal|time[d -]*out|unavailable|bad gateway|unexpected", re.IGNORECASE)
# Words of a no. Those of `disconnect` are not documented: the vendor's apps show whatever comes.
_NO = re.compile(r"not (allowed|authori[sz]ed|permitted|found)|permission|forbidden|denied|inactive", re.IGNORECASE)


@dataclass(frozen=True)
class Result:
    """A GraphQL answer: ``data``, and why it isn't a whole one, which is empty when it is."""

    data: dict[str, Any]
    problem: str
    cause: Cause
    #: The words of ``errors``, None when there are none.
    errors: str | None


def read_result(reply: Reply) -> Result:
    """Return what a GraphQL answer holds.

    Source: remoteit-api reference, sections 1.6 and 2.4: errors come with HTTP 200, wrong credentials with HTTP 403 or
    the bare word Unauthorized.
    """
    fields = json_object(reply)
    data = fields.get("data")
    data = data if isinstance(data, dict) else {}
    errors = _words(fields.get("errors"))
    if reply.status == 429:
        return Result(data, errors or first_line(reply), Cause.LIMIT, errors)
    if reply.status in (401, 403) or reply.body.strip().lower() == b"unauthorized":
        # A session token may only be too old, but the words don't say so.
        return Result(data, errors or first_line(reply), Cause.CREDENTIALS, errors)
    if errors is not None:
        return Result(data, errors, cause_of(errors), errors)
    if 300 <= reply.status < 400:
        return Result(data, redirect(reply), Cause.NONE, None)
    if reply.status != 200 or not data:
        why = reply.unreadable or ambiguity(reply) or first_line(reply)
        return Result(data, f"The answer has no data that can be read: {why}", Cause.NONE, None)
    return Result(data, "", Cause.NONE, None)


def read_disconnect(reply: Reply) -> tuple[Outcome, Cause, str]:
    """Return outcome, cause and reason of an answer to ``disconnect``.

    Source: remoteit-api reference, section 2.4: true on success, false otherwise, without saying when.
    """
    result = read_result(reply)
    word = result.data.get("disconnect")
    if word is True:
        if result.problem:
            return Outcome.UNKNOWN, result.cause, f"The answer says true, and contradicts itself: {result.problem}"
        return Outcome.STOPPED, Cause.NONE, ""
    if not result.data and (why := ambiguity(reply)):
        return Outcome.UNKNOWN, result.cause, why
    if reply.status >= 500 and result.cause is not Cause.CREDENTIALS:
        return Outcome.UNKNOWN, Cause.NONE, result.problem
    if result.errors is not None:
        return _read_errors(result)
    if result.cause is not Cause.NONE or 300 <= reply.status < 500:
        return Outcome.REFUSED, result.cause, result.problem
    if word is False and not result.problem:
        return Outcome.REFUSED, Cause.NONE, "The answer to disconnect is false, without a reason"
    return Outcome.UNKNOWN, Cause.NONE, result.problem or f"No yes or no in the answer: {first_line(reply)}"


def _read_errors(result: Result) -> tuple[Outcome, Cause, str]:
    """An error is a clear no only in words that are known for one; else the server may have broken while it did it."""
    about_the_stop = result.cause in (Cause.NONE, Cause.CONNECTION, Cause.ADDRESS)
    meaning = meaning_of(result.problem)
    # "The connection is closed" is what a server says, too, when its own to the database broke while it disconnected.
    if about_the_stop and (meaning is Meaning.ENDED or _TROUBLE.search(result.problem)):
        return Outcome.UNKNOWN, result.cause, result.problem
    if result.cause is Cause.CONNECTION and meaning is Meaning.GONE:
        return Outcome.ALREADY_GONE, result.cause, result.problem
    if result.cause is Cause.NONE and not _NO.search(result.problem):
        return Outcome.UNKNOWN, result.cause, result.problem
    return Outcome.REFUSED, result.cause, result.problem


def _words(errors: Any) -> str | None:
    """Return the messages of ``errors``, None when there are none; what is not in the documented form counts too."""
    if errors is None or errors == []:
        return None
    messages = [
        str(error["message"]) if isinstance(error, dict) and "message" in error else str(error)
        for error in (errors if isinstance(errors, list) else [errors])
    ]
    more = f" (+{len(messages) - 1} more)" if len(messages) > 1 else ""
    return storable(messages[0]) + more
