"""Hosts, origins and networks, as they stand in settings."""

from __future__ import annotations

import ipaddress
import re

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"{LABEL}(\.{LABEL})*", re.IGNORECASE)
NUMERIC_END = re.compile(r"(.*\.)?[0-9]+")
ORIGIN = re.compile(r"(https?)://(\*\.)?([^:\[\]/]+|\[[^\[\]/]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)
HIGHEST_PORT = 65535
DEFAULT_PORTS = {"http": 80, "https": 443}
WIDEST_NETWORK = {4: 8, 6: 7}
"""The shortest prefix that is still a network of somebody's own: 10.0.0.0/8 and fc00::/7."""


def is_host(text: str) -> bool:
    """Whether `text` is a host's name, an IPv4 address, or an IPv6 address in brackets."""
    if text.startswith("[") and text.endswith("]"):
        return "%" not in text and _is_address(text[1:-1], version=6)
    if NUMERIC_END.fullmatch(text):  # no name ends so: browsers take it for an address
        return _is_address(text, version=4)
    return len(text) <= 253 and NAME.fullmatch(text) is not None


def is_allowed_host(text: str) -> bool:
    """Whether `text` is a host, or `.` and a name that stands for all below it."""
    return is_host(text.removeprefix("."))


def origin(text: str) -> str:
    """The origin `text` as a browser writes it: in small letters, and without the port that its scheme has anyway.

    A scheme, a host (`*.` stands for all below it) and perhaps a port. Raises ValueError for anything else.
    """
    found = ORIGIN.fullmatch(text.lower())
    if not found or not is_host(found[3]) or not 1 <= int(found[4] or 1) <= HIGHEST_PORT:
        raise ValueError("no origin")
    scheme, below, host, port = found.groups(default="")
    shown = f":{int(port)}" if port and int(port) != DEFAULT_PORTS[scheme] else ""
    return f"{scheme}://{below}{host}{shown}"


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


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False
