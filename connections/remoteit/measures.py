"""What an answer to a measure means: a link or a service switched on or off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from connections.remoteit.answers import Cause
from connections.remoteit.documents import Document

if TYPE_CHECKING:
    from connections.remoteit.asking import Told
    from connections.remoteit.client import Client


class MeasureOutcome(StrEnum):
    #: The answer repeats the value that was asked for.
    SET = "set"
    #: A clear no, in the API's words.
    REFUSED = "refused"
    #: No byte of the request left this machine.
    FAILED = "failed"
    #: It may have happened.
    UNKNOWN = "unknown"


class Switch(StrEnum):
    """What a hold may switch off, and on again."""

    LINK = "link"
    SERVICE = "service"


DOCUMENTS = {
    Switch.LINK: (Document.SET_LINK, "setConnectLink", {"serviceId", "enabled"}),
    Switch.SERVICE: (Document.SET_SERVICE, "updateService", {"id", "enabled"}),
}
"""For each switch its document, the mutation's name, and the arguments that the live schema has to know."""

_TROUBLE = re.compile(r"internal|time[d -]*out|unavailable|bad gateway|unexpected", re.IGNORECASE)
# The words of a refusal are not documented; the last two are those of a schema that lacks what was asked for.
_NO = re.compile(
    r"not (allowed|authori[sz]ed|permitted|found|active|configurable)|permission|forbidden|denied|inactive"
    r"|cannot query field|unknown argument",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class MeasureAnswer:
    """What became of one measure. ``took_ms`` in milliseconds; ``retry_after`` as the API sent it."""

    outcome: MeasureOutcome
    cause: Cause
    status: int | None
    reason: str
    took_ms: int
    retry_after: str | None = None


def switch(client: Client, what: Switch, service_address: str, *, enabled: bool) -> MeasureAnswer:
    """Ask for one link or service to be on or off, once. Raises nothing for what the network or the API does.

    Source: the vendor's schema, ``setConnectLink`` and ``updateService``; the manner of refusals is not documented.
    """
    document, name, _arguments = DOCUMENTS[what]
    told = client.ask(document, {"id": service_address, "enabled": enabled})
    outcome, reason = _read(told, name, enabled=enabled)
    return MeasureAnswer(outcome, told.cause, told.status, reason, told.took_ms, told.retry_after)


def _read(told: Told, name: str, *, enabled: bool) -> tuple[MeasureOutcome, str]:
    if not told.left:
        return MeasureOutcome.FAILED, told.problem
    if told.problem:
        return _read_problem(told), told.problem
    found = told.data.get(name)
    value = found.get("enabled") if isinstance(found, dict) else None
    if value is enabled:
        return MeasureOutcome.SET, ""
    if isinstance(value, bool):
        return MeasureOutcome.UNKNOWN, f"The answer says enabled: {str(value).lower()}"
    return MeasureOutcome.UNKNOWN, f"The answer to {name} has no value"


def _read_problem(told: Told) -> MeasureOutcome:
    if told.status is not None and told.status >= 500:
        return MeasureOutcome.UNKNOWN
    if told.cause in (Cause.CREDENTIALS, Cause.TOKEN, Cause.LIMIT):
        return MeasureOutcome.REFUSED
    if told.is_said and _NO.search(told.problem) and not _TROUBLE.search(told.problem):
        return MeasureOutcome.REFUSED
    return MeasureOutcome.UNKNOWN


def missing_in_schema(client: Client) -> dict[Switch, str]:
    """Why a switch can't be used, by the live schema: one introspection. An unread schema misses nothing.

    Source: GraphQL's introspection; next.md's research, section 7.3.
    """
    told = client.ask(Document.MUTATIONS, {})
    kind = told.data.get("__type")
    fields = kind.get("fields") if isinstance(kind, dict) else None
    if told.problem or not isinstance(fields, list):
        return {}
    known = {
        str(one.get("name")): {str(arg.get("name")) for arg in one.get("args") or ()}
        for one in fields
        if isinstance(one, dict)
    }
    return {
        what: f"remote.it's schema has no {name} that takes {', '.join(sorted(arguments))}"
        for what, (_document, name, arguments) in DOCUMENTS.items()
        if not arguments <= known.get(name, set())
    }
