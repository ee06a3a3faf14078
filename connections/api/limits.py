"""How many requests a token may send, told in each answer's headers; and how many may wait at once.

By draft-ietf-httpapi-ratelimit-headers. Counted by each web process for itself: it keeps one program from taking all
threads, and protects nothing that has to be exact; ceilings on stops are counted in the database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from connections.api.problems import busy

WINDOW_S = 60
MOST = 600
"""Requests of one token in a window."""
MOST_WAITING = 4
"""Requests of one process that wait for a run: each holds one of its eight threads, of which people need the rest."""
KEY = "panel.rate_limit"


class _Windows:
    """Requests by token in the window that began last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window = 0
        self._counts: dict[int, int] = {}

    def take(self, token: int, now: float) -> tuple[int, int]:
        """Count one. Returns how many are left, below 0 when it is one too many, and after how many seconds all are."""
        window, seconds = divmod(int(now), WINDOW_S)
        with self._lock:
            if window != self._window:
                self._window, self._counts = window, {}
            self._counts[token] = self._counts.get(token, 0) + 1
            return MOST - self._counts[token], WINDOW_S - seconds


_windows = _Windows()
_places = threading.BoundedSemaphore(MOST_WAITING)


def count(request: HttpRequest, token: int) -> None:
    """Count one request of `token`. Raises Problem when it is one too many."""
    left, reset_s = _windows.take(token, time.time())
    request.META[KEY] = (max(left, 0), reset_s)
    if left < 0:
        raise busy("too_many_requests", reset_s)


def headers_for(request: HttpRequest) -> dict[str, str]:
    """What the answer says of the limit; nothing where no token was counted."""
    if KEY not in request.META:
        return {}
    left, reset_s = request.META[KEY]
    return {"RateLimit-Policy": f'"requests";q={MOST};w={WINDOW_S}', "RateLimit": f'"requests";r={left};t={reset_s}'}


@contextmanager
def place_to_wait() -> Iterator[bool]:
    """Whether this request may hold its thread for a while."""
    taken = _places.acquire(blocking=False)
    try:
        yield taken
    finally:
        if taken:
            _places.release()
