"""Hosts, origins and networks, as they stand in settings."""

from __future__ import annotations

import ipaddress
import re

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"{LABEL}(\.{LABEL})*", re.IGNORECASE)
NUMERIC_END = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)", re.IGNORECASE)
ORIGIN = re.compile(r"(https?)://(\*\.)?([^:\[\]/]+|\[[^\[\]/]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)
HIGHEST_PORT = 65535
DEFAULT_PORTS = {"http": 80, "https": 443}
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
WIDEST_NETWORK = {4: 8, 6: 7}
"""The shortest prefix that is still a network of somebody's own: 10.0.0.0/8 and fc00::/7."""


def host(text: str) -> str:
    """The host `text` as a browser writes it: a name, an IPv4 address, or an IPv6 address in brackets, made short.

    Raises ValueError for anything else. https://url.spec.whatwg.org/#host-writing
    """
    if text.startswith("[") and text.endswith("]"):
        return f"[{_short(text[1:-1])}]"
    if NUMERIC_END.fullmatch(text):  # no name ends so: browsers take it for an address
        return str(ipaddress.IPv4Address(text))
    return _name(text)


def allowed_host(text: str) -> str:
    """As `host`, and also `.` and a name that stands for all below it. Raises ValueError for anything else."""
    return f".{_name(text[1:])}" if text.startswith(".") else host(text)


def origin(text: str) -> str:
    """The origin `text` as a browser writes it: in small letters, and without the port that its scheme has anyway.

    A scheme, a host (`*.` stands for all below it) and perhaps a port. Raises ValueError for anything else.
    """
    found = ORIGIN.fullmatch(text.lower())
    if not found or not 1 <= int(found[4] or 1) <= HIGHEST_PORT:
        raise ValueError("no origin")
    scheme, below, named, port = found.groups(default="")
    shown = f":{int(port)}" if port and int(port) != DEFAULT_PORTS[scheme] else ""
    return f"{scheme}://{below}{_name(named) if below else host(named)}{shown}"


def own_network(text: str) -> str:
    """`text`, when it is an address or a network, and none that is too wide to be somebody's own.

    One of IPv4 that is written in IPv6 is given as the IPv4 by which peers are told. Raises ValueError otherwise.
    """
    network = ipaddress.ip_network(text, strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(MAPPED):
        mapped = (int(network.network_address) & 0xFFFFFFFF, network.prefixlen - MAPPED.prefixlen)
        return own_network(str(ipaddress.IPv4Network(mapped)))
    if network.prefixlen < WIDEST_NETWORK[network.version]:
        raise ValueError("too wide")
    return text


def is_loopback(text: str) -> bool:
    """Whether `text`, a host's name or an address as it stands in a URL or in ALLOWED_HOSTS, is this machine."""
    text = text.strip("[]").lower()
    if text == "localhost":
        return True
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _name(text: str) -> str:
    """`text`, when it is a host's name and no address: nothing is below an address."""
    if len(text) > 253 or not NAME.fullmatch(text) or NUMERIC_END.fullmatch(text):
        raise ValueError("no name")
    return text


def _short(text: str) -> str:
    """The IPv6 address `text` in the letters of a browser, which writes a mapped one in hexadecimal, too."""
    found = ipaddress.IPv6Address(text)
    if found.scope_id:
        raise ValueError("no browser sends a zone")
    low = int(found) & 0xFFFFFFFF
    return f"::ffff:{low >> 16:x}:{low & 0xFFFF:x}" if found.ipv4_mapped else str(found)
