"""Signed checkpoints: what an outsider holds against a history that is cut off or rewritten later."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from connections.audit.append import canonical, timestamp
from connections.audit.signing import public_text, sign, signing_key
from connections.models import AuditCheckpoint, AuditEvent, AuditHead, StopItem, StopRun

logger = logging.getLogger(__name__)

FILE = "checkpoints.jsonl"
FIELDS = ("at", "hash", "public_key", "seq", "signature")
LATEST_RUNS = 100
LAST_LINE = 4096
_last_failure = ""


class WrongCheckpoint(Exception):
    """What was given as a checkpoint is none. The message is fit for a person."""


@dataclass(frozen=True)
class Claim:
    """A checkpoint as somebody holds it; `where` names it to a person. `at` as the audit writes times."""

    seq: int
    hash: str
    at: str
    public_key: str
    signature: str
    where: str

    @property
    def text(self) -> str:
        return signed_text(self.seq, self.hash, self.at)


def signed_text(seq: int, own_hash: str, at: str) -> str:
    """What a checkpoint's signature covers: the line `seq` has this hash, at a time as the audit writes it."""
    return f"remoteit-admin checkpoint v1\n{seq}\n{own_hash}\n{at}\n"


def write_checkpoint() -> AuditCheckpoint | None:
    """Sign the history's last line, keep that in the database and add it to `checkpoints_file`.

    Returns the newest checkpoint, or None while the history is empty. Where the last line is signed already,
    nothing is written but what the file lacks. Raises NoSigningKey.
    """
    head = AuditHead.objects.first()
    newest = AuditCheckpoint.objects.last()
    if head is not None and head.seq and (newest is None or newest.seq < head.seq):
        key, at = signing_key(), timezone.now()
        facts = {
            "hash": head.hash,
            "at": at,
            "public_key": public_text(key),
            "signature": sign(key, signed_text(head.seq, head.hash, timestamp(at))),
        }
        # Two processes may sign the same line; one of the two is kept.
        AuditCheckpoint.objects.bulk_create([AuditCheckpoint(seq=head.seq, **facts)], ignore_conflicts=True)
        newest = AuditCheckpoint.objects.last()
    if newest is not None:
        _bring_file_up_to_date()
    return newest


def checkpoint_finished_runs() -> None:
    """Write a checkpoint when a run is finished and none covers its last line.

    Looks at the latest hundred runs, so that it costs little however many there are; an older one, paused for
    long, has its checkpoint with the next that is due. Raises NoSigningKey.
    """
    last = AuditCheckpoint.objects.aggregate(last=Max("seq"))["last"] or 0
    latest = StopRun.objects.started().order_by("-pk").values("pk")[:LATEST_RUNS]
    lines = AuditEvent.objects.filter(run=OuterRef("pk"), seq__gt=last, action__startswith="stop.")
    left = StopItem.objects.unfinished().filter(run=OuterRef("pk"))
    if StopRun.objects.filter(Exists(lines), ~Exists(left), pk__in=latest).exists():
        write_checkpoint()


def checkpoints_file() -> Path:
    return Path(settings.AUDIT_FOLDER) / FILE


def why_file_not_writable() -> str:
    """Why `checkpoints_file`, which is to be copied away, can't be written on this host; "" when it can."""
    file = checkpoints_file()
    tried = file if file.exists() else file.parent
    if not os.access(tried, os.W_OK):
        return f"{tried} can't be written"
    return _last_failure


def stored_claims() -> Iterator[Claim]:
    """The checkpoints that the database keeps."""
    for one in AuditCheckpoint.objects.order_by("seq"):
        where = _("the checkpoint of event %d") % one.seq
        yield Claim(one.seq, one.hash, timestamp(one.at), one.public_key, one.signature, where)


def claims_in(lines: Iterable[str], name: str, first: int = 1) -> Iterator[Claim]:
    """The checkpoints in `lines` of a file that is called `name` to the person, from its line `first` on.

    Raises WrongCheckpoint.
    """
    for number, line in enumerate(lines, start=first):
        where = _("%(file)s, line %(number)d") % {"file": name, "number": number}
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            claim = Claim(**{field: fields[field] for field in FIELDS}, where=where)
            texts = all(isinstance(fields[field], str) for field in FIELDS if field != "seq")
            fits = texts and isinstance(claim.seq, int) and parse_datetime(claim.at) is not None
        except (ValueError, TypeError, KeyError):
            fits = False
        if not fits:
            raise WrongCheckpoint(_("%s is no checkpoint.") % where)
        yield claim


def _bring_file_up_to_date() -> None:
    """Add to the file what it lacks: nothing was lost when it could not be written, or was moved away."""
    global _last_failure  # of this process, whose worker tells it with its signs of life
    try:
        with checkpoints_file().open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            last = _last_seq(file)
            for one in AuditCheckpoint.objects.filter(seq__gt=last).order_by("seq").iterator(chunk_size=2000):
                file.write(as_line(one).encode())
            file.flush()
            os.fsync(file.fileno())
        _last_failure = ""
    except OSError as error:
        _last_failure = f"{checkpoints_file()} can't be written: {error.strerror}"
        logger.exception("The checkpoint is in the database, but %s can't be written", checkpoints_file())


def as_line(one: AuditCheckpoint) -> str:
    """The checkpoint as a line of the file."""
    return canonical({field: getattr(one, field) for field in FIELDS} | {"at": timestamp(one.at)}) + "\n"


def _last_seq(file: IO[bytes]) -> int:
    """The line that the file's last checkpoint names; 0 where that is none of this database's."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - LAST_LINE, 0))
    tail = file.read()
    whole = tail[: tail.rfind(b"\n") + 1]
    if whole != tail:
        # A power cut tore the last line.
        file.truncate(size - len(tail) + len(whole))
    try:
        last = next(claims_in([whole.decode().splitlines()[-1]], FILE))
    except (IndexError, WrongCheckpoint, UnicodeDecodeError, StopIteration):
        return 0
    known = AuditCheckpoint.objects.filter(seq=last.seq, signature=last.signature).exists()
    return last.seq if known else 0
