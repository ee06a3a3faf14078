"""One GraphQL document, asked once: its answer, whether it may have left, and what it says without our secrets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from connections.remoteit.answers import Cause
from connections.remoteit.documents import Document
from connections.remoteit.graphql import read_result
from connections.remoteit.sender import Sender
from connections.remoteit.wire.transport import Body, CallError, Transport

#: A hundred services with their sessions and events; what is longer is not read.
MAX_ANSWER = 8 * 1024 * 1024


@dataclass(frozen=True)
class Told:
    """What came of one document. ``problem`` is "" when ``data`` is whole.

    ``left``: whether any byte of it may have left this machine. ``is_said``: ``problem`` is in the API's own words.
    ``took_ms`` is in milliseconds; ``clock_off_s`` and ``retry_after`` as ``Reply`` has them.
    """

    data: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    cause: Cause = Cause.NONE
    status: int | None = None
    took_ms: int = 0
    left: bool = True
    is_said: bool = False
    retry_after: str | None = None
    clock_off_s: int | None = None


def read_wide(response: requests.Response) -> Body:
    """Read at most MAX_ANSWER bytes of an answer's body."""
    body = bytearray()
    for chunk in response.iter_content(64 * 1024):
        body += chunk
        if len(body) > MAX_ANSWER:
            return Body(bytes(body[:MAX_ANSWER]), complete=False)
    return Body(bytes(body))


def ask(sender: Sender, transport: Transport, token: str, document: Document, variables: Mapping[str, Any]) -> Told:
    """Ask ``document`` once. Raises nothing for what the network or the API does."""
    started = time.monotonic()
    try:
        reply = sender.graphql(transport, token, document.value, variables)
    except CallError as error:
        took_ms = round((time.monotonic() - started) * 1000)
        return Told(problem=error.reason, cause=error.cause, status=error.status, took_ms=took_ms, left=error.left)
    result = read_result(reply)
    return Told(
        result.data,
        sender.hide(result.problem, token),
        result.cause,
        reply.status,
        round((time.monotonic() - started) * 1000),
        is_said=result.errors is not None,
        retry_after=reply.retry_after,
        clock_off_s=reply.clock_off_s,
    )
