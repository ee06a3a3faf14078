"""JSON that can be read in one way only."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class Ambiguous(ValueError):
    """An object gives a key twice: parsers differ about which of its values counts. The message names the key."""


def loads(body: bytes) -> Any:
    """Return what ``body`` holds. Raises Ambiguous, else ValueError or RecursionError for what is no JSON."""
    return json.loads(body, object_pairs_hook=_object, parse_constant=_no_number)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _value in pairs]
        raise Ambiguous(next(key for key in keys if keys.count(key) > 1))
    return found


def _no_number(word: str) -> NoReturn:
    # NaN and Infinity are Python's own, and no JSON (RFC 8259, section 6).
    raise ValueError(f"{word} is no JSON")


#: Decodes one value after another out of a longer text.
DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)
