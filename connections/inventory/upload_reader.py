"""The worker's loop that reads uploaded files, one after the other, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.inventory import uploads
from connections.models import Upload, Worker

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
TELL_EVERY_S = 0.5
"""How often it is written down how far a file has been read."""


def run(worker: Worker, ending: threading.Event) -> None:
    """Read the files that wait, in the name of `worker`, until `ending` is set."""
    while not ending.wait(LOOK_EVERY_S):
        try:
            while not ending.is_set() and read_next(worker):
                pass
        except (DatabaseError, InterfaceError):
            logger.exception("No file is read while the database can't be written; trying again")
            connection.close()


def read_next(worker: Worker) -> bool:
    """Read the file that waits longest; returns whether there was one.

    Whose reader dies waits again: the content stays until the reading is written down, in one UPDATE.
    """
    upload = _claim(worker)
    if upload is None:
        return False
    reading = _read(upload, worker)
    _mine(upload, worker).update(reading=reading, read_at=timezone.now(), reader=None)
    return True


def _claim(worker: Worker) -> Upload | None:
    waiting = Upload.objects.waiting_for(worker)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        if waiting.filter(pk=pk).update(reader=worker, line_reached=0):
            return Upload.objects.get(pk=pk)
    return None


def _mine(upload: Upload, worker: Worker) -> Any:
    return Upload.objects.filter(pk=upload.pk, reader=worker)


def _read(upload: Upload, worker: Worker) -> dict[str, Any]:
    told_at = time.monotonic()

    def tell(line: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at > TELL_EVERY_S:
            _mine(upload, worker).update(line_reached=line)
            told_at = time.monotonic()

    try:
        return uploads.read(upload, tell)
    except (DatabaseError, InterfaceError):
        raise
    except Exception:  # one file must not keep those after it from being read
        logger.exception("The file %s could not be read to its end", upload.file_name)
        return uploads.unreadable(_("The panel made a mistake with this file. Its log says which."))
