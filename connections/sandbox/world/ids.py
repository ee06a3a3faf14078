"""Identifiers in the forms that remote.it uses (remoteit-api reference, section 3)."""

from __future__ import annotations

import uuid
from random import Random

from connections.sandbox.world.names import PEOPLE


def new_connection_id(random: Random, style: str) -> str:
    """A connection id; `style` is upper, lower or mixed (either one)."""
    if style == "upper" or (style == "mixed" and random.random() < 0.5):
        return odd_variant_id(random)
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def odd_variant_id(random: Random) -> str:
    """Upper case, and a variant nibble that RFC 4122 does not know, like the vendor's documented example."""
    digits = f"{random.getrandbits(128):032X}"
    digits = digits[:12] + "4" + digits[13:16] + random.choice("01234567CDEF") + digits[17:]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def new_session_id(random: Random) -> str:
    return f"{random.getrandbits(160):040X}"


def service_address(number: int) -> str:
    """The `number`-th service address: eight pairs of hex digits."""
    digits = f"8000000001{number:06X}"
    return ":".join(digits[at : at + 2] for at in range(0, 16, 2))


def initiator_uid(email: str) -> str:
    number = PEOPLE.index(email) if email in PEOPLE else 999
    digits = f"f000000001{number:06x}"
    return ":".join(digits[at : at + 2] for at in range(0, 16, 2))
