"""Addresses that the panel writes into its messages and pages: its own, and that of a ticket."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from remoteit_admin.invalid_setting import InvalidSetting

OWN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
TICKET = re.compile(r"https?://[^\s\"<>]+")
PLACE = "{ticket}"
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def own(name: str, text: str) -> str:
    """The panel's own scheme, host and port; "" when it is not set. The path is that of SCRIPT_NAME."""
    text = text.rstrip("/")
    if text and not OWN.fullmatch(text):
        raise InvalidSetting(
            f"{name} has to be the panel's scheme and host, such as https://panel.example, without a path."
        )
    return text


def ticket(name: str, text: str) -> str:
    """Where a ticket is found, with `{ticket}` in its place; "" when it is not set."""
    if text and not (TICKET.fullmatch(text) and text.count(PLACE) == 1):
        raise InvalidSetting(
            f"{name} has to be an address with {PLACE} in it once, as https://tickets.example/{PLACE}."
        )
    return text


def reachable(name: str, words: Sequence[str]) -> list[str]:
    """Networks, addresses and host names that are not public and may be posted to all the same."""
    for word in words:
        try:
            network = ipaddress.ip_network(word)
        except ValueError:
            if not HOST.fullmatch(word) or "/" in word or word.replace(".", "").isdigit():
                raise InvalidSetting(f"{name} has to be networks, addresses or host names by commas.") from None
        else:
            if network.prefixlen < 8:
                raise InvalidSetting(f"{name} names a network wider than /8, which would be no guard.")
    return list(words)
