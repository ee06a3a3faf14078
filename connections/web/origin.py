"""Who a request is from, and from where."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.http import HttpRequest

from connections.audit.origin import Origin
from connections.web.request_id import id_of
from remoteit_admin import proxies

if TYPE_CHECKING:
    from django.contrib.auth.models import User

USER_AGENT_LENGTH = 200

UNKNOWN = "unknown"
"""Stands in the history where the address of a client should, and no server told it."""


def user_of(request: HttpRequest) -> User:
    """Who is signed in. For views behind the sign-in, where that is never nobody."""
    return cast("User", request.user)


def web_origin(request: HttpRequest) -> Origin:
    """The origin of a wish that came with `request`, for the audit."""
    return _origin("web", request)


def api_origin(request: HttpRequest, token: str) -> Origin:
    """The origin of a wish that a program sent with the token of this name."""
    return _origin("api", request, token)


def _origin(kind: str, request: HttpRequest, token: str = "") -> Origin:
    user_agent = printable(request.headers.get("User-Agent", ""), USER_AGENT_LENGTH)
    return Origin(kind, client_ip(request) or UNKNOWN, user_agent, token=token, request_id=id_of(request))


def printable(text: str, length: int) -> str:
    """`text`, which anybody may have sent, on one line: without control characters, and cut after `length`."""
    visible = "".join(" " if char in "\t\r\n" else char for char in text if char in "\t\r\n" or not _is_control(char))
    visible = visible.strip()
    return visible if len(visible) <= length else visible[: length - 1] + "…"


def _is_control(char: str) -> bool:
    # C: controls, formats such as the one that turns a line's direction round, and halves of characters.
    return unicodedata.category(char).startswith("C")


def client_ip(request: HttpRequest) -> str:
    """The address of the client, "" when nobody told it who can be believed.

    That of the TCP connection, unless it is one of settings.TRUSTED_PROXIES: then the right-most address of
    X-Forwarded-For that is none. What stands left of it was written by the client, who may write anything. Behind a
    unix socket there is no address but in that header.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    found = proxies.address(peer)
    if peer and found is None:
        return ""
    client = "" if found is None else str(found)
    for text in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not proxies.is_trusted(client, settings.TRUSTED_PROXIES):
            break
        forwarded = proxies.address(text)
        if forwarded is None:
            break
        client = str(forwarded)
    return client
