"""Who a request is from, and from where."""

from __future__ import annotations

import ipaddress
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.http import HttpRequest

from connections.audit.append import Origin

if TYPE_CHECKING:
    from django.contrib.auth.models import User

USER_AGENT_LENGTH = 200

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def user_of(request: HttpRequest) -> User:
    """Who is signed in. For views behind the sign-in, where that is never nobody."""
    return cast("User", request.user)


def web_origin(request: HttpRequest) -> Origin:
    """The origin of a wish that came with `request`, for the audit."""
    user_agent = printable(request.headers.get("User-Agent", ""), USER_AGENT_LENGTH)
    return Origin("web", client_ip=client_ip(request), user_agent=user_agent)


def printable(text: str, length: int) -> str:
    """`text`, which anybody may have sent, on one line: without control characters, and cut after `length`."""
    visible = "".join(" " if char in "\t\r\n" else char for char in text if char in "\t\r\n" or not _is_control(char))
    visible = visible.strip()
    return visible if len(visible) <= length else visible[: length - 1] + "…"


def _is_control(char: str) -> bool:
    # C: controls, formats such as the one that turns a line's direction round, and halves of characters.
    return unicodedata.category(char).startswith("C")


def client_ip(request: HttpRequest) -> str:
    """The address of the client, "" when the server knows none.

    That of the TCP connection, unless it is one of settings.TRUSTED_PROXIES: then the right-most address of
    X-Forwarded-For that is none. What stands left of it was written by the client, who may write anything.
    """
    remote = _address(request.META.get("REMOTE_ADDR", ""))
    if remote is None:
        return ""
    trusted = _networks(tuple(settings.TRUSTED_PROXIES))
    client = remote
    for text in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not _is_in(client, trusted):
            break
        forwarded = _address(text)
        if forwarded is None:
            break
        client = forwarded
    return str(client)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if address.version == 6:
        # What follows a % names an interface of the host that wrote it, or is any text at all.
        return address.ipv4_mapped or ipaddress.IPv6Address(int(address))
    return address


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text.strip(), strict=False) for text in texts)


def _is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
