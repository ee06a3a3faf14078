"""A CSV file that comes through the browser: read and kept, shown, and imported once it is confirmed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from connections.imports import Checked, NotImported, check, import_connections
from connections.models import Upload

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.append import Origin

LIFETIME = timedelta(minutes=30)
LISTED = 200
"""So many bad rows are told by their line; of the rest, how many."""


class TooOld(Exception):
    """The file was sent too long ago; nothing was imported. The message is fit for a person."""

    def __init__(self) -> None:
        super().__init__(_("This file was read more than 30 minutes ago. Choose it again. Nothing was imported."))


def keep(user: User, file_name: str, content: bytes) -> Upload:
    """Read a file and keep it for LIFETIME, with what its preview says. Raises NotImported when it can't be read."""
    return Upload.objects.create(
        user=user, file_name=PurePath(file_name).name, content=content, reading=read(check(content))
    )


def read(checked: Checked) -> dict[str, Any]:
    """What a preview says of a checked file: how many rows of which kind, and its first LISTED bad rows."""
    now = timezone.now()
    ends = [row.cells.get("expires_at") for row in checked.rows]
    return {
        "rows": len(checked.rows) + len(checked.bad_rows),
        "good": len(checked.rows),
        "new": len(checked.rows) - checked.known,
        "known": checked.known,
        "refreshed": checked.refreshed,
        "past_end": sum(end is not None and end <= now for end in ends),
        "bad": len(checked.bad_rows),
        "bad_rows": [[row.line, row.why, row.text] for row in checked.bad_rows[:LISTED]],
    }


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
        upload.reading = read(check(content))
        upload.save(update_fields=("reading",))
        raise
    upload.imported_at = timezone.now()
    upload.added, upload.known, upload.left_out = done.added, done.known, len(done.left_out)
    upload.save(update_fields=("imported_at", "added", "known", "left_out"))


def is_too_old(upload: Upload) -> bool:
    return upload.created_at + LIFETIME < timezone.now()


def delete_expired() -> int:
    """Forget files that can't be imported any more, and those whose result has been seen long ago. Returns how many."""
    count, _by_model = Upload.objects.filter(created_at__lt=timezone.now() - 2 * LIFETIME).delete()
    return count
