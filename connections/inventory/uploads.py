"""A CSV file that comes through the browser: kept, read by a worker, shown, and imported once it is confirmed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.inventory.imports import NotImported, check, check_columns, import_connections
from connections.models import Upload

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin

LIFETIME = timedelta(minutes=30)
UNREAD_LIFETIME = timedelta(days=1)
MOST_ROWS = 100_000
"""So many rows a file may have that comes through the browser."""


class TooOld(Exception):
    """The file was sent too long ago; nothing was imported. The message is fit for a person."""

    def __init__(self) -> None:
        super().__init__(_("This file was read more than 30 minutes ago. Choose it again. Nothing was imported."))


def keep(user: User, file_name: str, content: bytes) -> Upload:
    """Keep a file until a worker has read it, and for LIFETIME after that.

    Raises NotImported when its first row already says that it can't be read.
    """
    check_columns(content)
    return Upload.objects.create(
        user=user, file_name=PurePath(file_name).name, content=content, lines=_line_count(content)
    )


def _line_count(content: bytes) -> int:
    """About how many lines there are: quoted line ends are counted, too."""
    return content.count(b"\n") or content.count(b"\r")


def read(upload: Upload, tell: Callable[[int], None] = lambda line: None) -> dict[str, Any]:
    """Read a file; what its preview says: how many rows of which kind, and the bad rows, or why it can't be read.

    `tell` is told the line that was reached, every now and then.
    """
    try:
        checked = check(bytes(upload.content), most_rows=MOST_ROWS, tell=tell)
    except NotImported as error:
        return unreadable(*map(str, error.bad_rows))
    return {
        "rows": checked.good + len(checked.bad_rows),
        "good": checked.good,
        "new": checked.good - checked.known,
        "known": checked.known,
        "refreshed": checked.refreshed,
        "past_end": checked.past_end,
        "bad": len(checked.bad_rows),
        "bad_rows": [[row.line, row.why, row.text] for row in checked.bad_rows],
        "stopped_at": checked.stopped_at,
    }


def unreadable(*why: str) -> dict[str, Any]:
    """What the preview says of a file that can't be read at all."""
    return {"unreadable": [*why]}


def import_upload(upload: Upload, *, origin: Origin, skip_bad: bool) -> None:
    """Import the very bytes that were shown, once, however often this is asked for.

    Raises TooOld. Raises NotImported when a row is bad and `skip_bad` is not wanted; what was read is then renewed,
    since it may be bad only since the preview.
    """
    if upload.imported_at is None and is_too_old(upload):
        raise TooOld
    if not Upload.objects.filter(pk=upload.pk, started_at=None).update(started_at=timezone.now()):
        return
    try:
        _import(upload, origin, skip_bad)
    except BaseException:
        # The parts that were written stay written; the same bytes again do the rest.
        Upload.objects.filter(pk=upload.pk).update(started_at=None)
        raise


def _import(upload: Upload, origin: Origin, skip_bad: bool) -> None:
    content = bytes(upload.content)
    try:
        done = import_connections(content, upload.file_name, actor=upload.user, origin=origin, skip_bad=skip_bad)
    except NotImported:
        upload.reading = read(upload)
        upload.save(update_fields=("reading",))
        raise
    upload.imported_at = timezone.now()
    upload.added, upload.known, upload.left_out = done.added, done.known, len(done.left_out)
    upload.save(update_fields=("imported_at", "added", "known", "left_out"))


def kept_until(upload: Upload) -> datetime:
    """Until when it can be imported, once it was read."""
    return (upload.read_at or upload.created_at) + LIFETIME


def is_too_old(upload: Upload) -> bool:
    return kept_until(upload) < timezone.now()


def delete_expired() -> int:
    """Forget files that can't be imported any more, and those whose result has been seen long ago. Returns how many.

    One that no worker has read waits for UNREAD_LIFETIME: what somebody sent is not lost because none was running.
    """
    now = timezone.now()
    read, unread = Q(read_at__lt=now - 2 * LIFETIME), Q(read_at=None, created_at__lt=now - UNREAD_LIFETIME)
    count, _by_model = Upload.objects.filter(read | unread).delete()
    return count
