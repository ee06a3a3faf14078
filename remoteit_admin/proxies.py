"""Addresses as servers and proxies write them, and which of them are those of proxies that we trust."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

UNIX = "unix"
"""Stands in TRUSTED_PROXIES for whoever connects to our unix socket."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 7239 writes an IPv6 address in brackets, and quotes it; Azure's gateways and IIS add the port of the client.
WITH_PORT = re.compile(r'"?(?:\[(?P<v6>[^\]]+)\]|(?P<v4>\d+(?:\.\d+){3}))(?::\d{1,5})?"?')


def address(text: str) -> Address | None:
    """The address that `text` names: 203.0.113.7, 203.0.113.7:51008, 2001:db8::7, [2001:db8::7]:443; else None."""
    text = text.strip()
    if found := WITH_PORT.fullmatch(text):
        text = found["v6"] or found["v4"]
    try:
        given = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(given, ipaddress.IPv6Address):
        # What follows a % names an interface of the host that wrote it, or is any text at all.
        return given.ipv4_mapped or ipaddress.IPv6Address(int(given))
    return given


def one_client(text: str) -> str:
    """What counts as one client beside the address `text`: its 64 bits of IPv6, else itself.

    Whoever has one address of IPv6 has as many as there are behind these bits.
    """
    found = address(text)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return text if found is None else str(found)


def is_trusted(peer: str, trusted: Sequence[str]) -> bool:
    """Whether TRUSTED_PROXIES `trusted` names `peer`, the address of a connection ("": a unix socket's)."""
    if not peer:
        return UNIX in trusted
    found = address(peer)
    return found is not None and any(found in network for network in _networks(tuple(trusted)))


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text.strip(), strict=False) for text in texts if text != UNIX)
