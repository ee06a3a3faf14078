"""Where the web server listens, as gunicorn reads it."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path

from remoteit_admin.folders import can_be_written
from remoteit_admin.invalid_setting import InvalidSetting

LONGEST_SOCKET = 107
"""In bytes: the kernel keeps 108 for a path and the 0 behind it."""
SOCKET = re.compile(r"unix:/*(/(?:(?!unix:)[^,])*)(?<!\s)")
"""What gunicorn reads as one path: it parts at commas, and takes what stands behind the last `unix:`."""
IN_BRACKETS = re.compile(r"^\[(.*:.*)\]$")


def address(name: str, text: str, port: int) -> str:
    """gunicorn's `bind` for the setting `name`, whose value is `text`: `ADDRESS:PORT`, or `unix:/FILE` as it is.

    Raises InvalidSetting, also for a socket that no server could open. Whether an address is one of this machine is
    known there alone: `start` looks when the server begins.
    """
    if text.startswith("unix:"):
        return f"unix:{_socket(name, text)}"
    parsed = _address("127.0.0.1" if text == "localhost" else IN_BRACKETS.sub(r"\1", text))
    if parsed is None:
        raise InvalidSetting(
            f"{name} has to be an address of this machine, such as 127.0.0.1, or unix:/FILE, not {text[:80]!a}. "
            "PORT is a setting of its own."
        )
    return f"[{parsed}]:{port}" if parsed.version == 6 else f"{parsed}:{port}"


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return None if "%" in text else ipaddress.ip_address(text)  # gunicorn knows no zones
    except ValueError:
        return None


def _socket(name: str, text: str) -> Path:
    found = SOCKET.fullmatch(text)
    file = Path(found[1] if found else "/")
    free = len(os.fsencode(file)) <= LONGEST_SOCKET and (file.is_socket() or not os.path.lexists(file))
    if not free or not can_be_written(file.parent):
        raise InvalidSetting(
            f"{name} has to be unix:/FILE, without commas and with {LONGEST_SOCKET} bytes at most, in a folder that is "
            f"there and can be written; at FILE is nothing, or a socket that a server left. It is {text[:80]!a}."
        )
    return file
