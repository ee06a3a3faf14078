"""Hosts, origins and networks, as they stand in settings."""

from __future__ import annotations

import ipaddress
import re

HOST = r"([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])"
ALLOWED_HOST = re.compile(rf"\.?{HOST}", re.IGNORECASE)
ORIGIN = re.compile(rf"https?://(\*\.)?{HOST}(:[0-9]{{1,5}})?", re.IGNORECASE)
WIDEST_NETWORK = {4: 8, 6: 7}
"""The shortest prefix that is still a network of somebody's own: 10.0.0.0/8 and fc00::/7."""


def is_allowed_host(text: str) -> bool:
    """Whether `text` is a host's name or address, or `.` and a name that stands for all below it."""
    return ALLOWED_HOST.fullmatch(text) is not None


def is_origin(text: str) -> bool:
    """Whether `text` is a scheme, a host (`*.` stands for all below it) and perhaps a port."""
    return ORIGIN.fullmatch(text) is not None


def is_own_network(text: str) -> bool:
    """Whether `text` is an address or a network, and none that is too wide to be somebody's own."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= WIDEST_NETWORK[network.version]


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address as it stands in a URL or in ALLOWED_HOSTS, is this machine."""
    host = host.strip("[]").lower()
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
