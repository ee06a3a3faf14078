"""What a worker's work last failed with, told where health and pages look."""

from __future__ import annotations

from contextlib import suppress

from django.db import DatabaseError, InterfaceError
from django.db.models.functions import Now

from connections.db.writable import in_ascii
from connections.models import Worker

LONGEST = 500


class Trouble:
    """Of one worker. A database that takes not even this says so itself to who asks it to write."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._told = ""

    def note(self, error: Exception) -> None:
        """The work failed with `error`."""
        said = in_ascii(str(error).partition("\n")[0])[:LONGEST] or type(error).__name__
        if said != self._told:
            with suppress(DatabaseError, InterfaceError):
                Worker.objects.filter(pk=self._worker.pk).update(failure=said, failed_at=Now())
                self._told = said

    def is_over(self) -> None:
        """The work succeeded."""
        if self._told:
            with suppress(DatabaseError, InterfaceError):
                Worker.objects.filter(pk=self._worker.pk).update(failure="", failed_at=None)
                self._told = ""
