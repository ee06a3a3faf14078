"""A log that can still be read after an hour in which a server was away."""

from __future__ import annotations

import logging
import time

REST_S = 60.0


class OncePerMinute(logging.Filter):
    """Lets an error that comes again and again through once a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._told_at: dict[tuple[str, str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.exc_info or record.exc_info[0] is None:
            return True
        key = (record.name, str(record.msg), record.exc_info[0].__name__)
        now = time.monotonic()
        if now - self._told_at.get(key, -REST_S) < REST_S:
            return False
        self._told_at[key] = now
        return True
