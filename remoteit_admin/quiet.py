"""A log that can still be read after an hour in which a server was away."""

from __future__ import annotations

import copy
import logging
import time

from remoteit_admin import outage

REST_S = 60.0
MEANWHILE = "Until it can, workers look for stops by themselves, and periodic work waits."


class OncePerMinute(logging.Filter):
    """Lets an error that comes again and again through once a minute, and a queue that is away once in its outage.

    An outage is over when a minute has passed without an error of the queue's: its clients try all the time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told_at: dict[tuple[str, str, str], float] = {}
        self._queue_failed_at = -REST_S

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.exc_info or record.exc_info[0] is None:
            return True
        if outage.why_queue(record.exc_info[1]):
            return self._begins_outage()
        key = (record.name, str(record.msg), record.exc_info[0].__name__)
        now = time.monotonic()
        if now - self._told_at.get(key, -REST_S) < REST_S:
            return False
        self._told_at[key] = now
        return True

    def _begins_outage(self) -> bool:
        before, self._queue_failed_at = self._queue_failed_at, time.monotonic()
        return self._queue_failed_at - before >= REST_S


class Line(logging.Formatter):
    """An error of the queue's as one line, whoever met it, since it is none of our program's; others as ever."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        return super().format(self.plain(record))

    @staticmethod
    def plain(record: logging.LogRecord) -> logging.LogRecord:
        """`record`, or where it tells of the queue's error, one like it without the traceback."""
        if record.exc_info and (said := outage.why_queue(record.exc_info[1])):
            record = copy.copy(record)  # other handlers have it as it is
            record.msg, record.args, record.exc_info, record.exc_text = (
                f"{said.rstrip('.')}. {MEANWHILE}",
                (),
                None,
                None,
            )
        return record
