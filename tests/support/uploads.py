"""Uploaded files in tests: what the worker's loop does with them, at once."""

from __future__ import annotations

from django.db.models.functions import Now

from connections.inventory.upload_reader import read_next
from connections.models import Worker


def make_worker() -> Worker:
    """A worker that is alive, for as long as a test's lease."""
    return Worker.objects.create(host="test", pid=1, beat_at=Now())


def read_all() -> None:
    """Read every file that waits, as a worker that then ends."""
    worker = make_worker()
    while read_next(worker):
        pass
    worker.delete()
