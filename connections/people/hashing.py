"""At most so many passwords are hashed at once: each takes a core for some tenths of a second, and anybody may ask."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 1
"""Passwords hashed at the same time by one process."""
MOST_WAITING = 2
"""Tries that wait for that: each holds one of the process's threads, of which operators need the rest."""
LONGEST_WAIT_S = 5.0

_turns = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(MOST_WAITING)


class Busy(Exception):
    """Too many passwords are being tried just now; nothing was hashed."""


@contextmanager
def turn(*, is_known: bool) -> Iterator[None]:
    """Hash within it. `is_known`: from a browser that signed in before, for which there is always a place to wait.

    Raises Busy when there is none, or when the turn does not come in time.
    """
    if not _turns.acquire(blocking=False):
        has_place = _places.acquire(blocking=False)
        if not (has_place or is_known):
            raise Busy
        try:
            if not _turns.acquire(timeout=LONGEST_WAIT_S):
                raise Busy
        finally:
            if has_place:
                _places.release()
    try:
        yield
    finally:
        _turns.release()
