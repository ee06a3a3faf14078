"""The evidence of one run: a ZIP that an outsider can check without the panel, by the script inside.

It is written piece by piece, so that a run of ten thousand needs no more memory than one of ten.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append, timestamp
from connections.audit.checkpoints import as_line, write_checkpoint
from connections.audit.origin import Origin
from connections.audit.signing import NoSigningKey, public_text, sign, signing_key
from connections.evidence import verify_evidence
from connections.evidence.pages import as_csv, as_html
from connections.evidence.story import Evidence, Json
from connections.models import AuditCheckpoint, AuditEvent, StopRun
from remoteit_admin import __version__

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SCRIPT = Path(verify_evidence.__file__)
ABOUT = ("run.approved", "run.paused", "run.resumed", "run.cancelled", "glass.broken", "glass.reviewed")
STORY = Q(action__startswith="stop.") | Q(action__in=ABOUT)


class NotHandedOut(Exception):
    """What was written does not pass its own verifier. The message is fit for a person."""


def export(run: StopRun, user: User | None, origin: Origin) -> IO[bytes]:
    """The evidence of `run`, a started one, as a ZIP in an open temporary file; the history tells who had it made.

    Raises NoSigningKey, and NotHandedOut when its own verifier would refuse it.
    """
    key = signing_key()
    by = user.get_username() if user else origin.system_user
    recorded = {
        "software": f"remoteit-admin {__version__}",
        "exported_at": timestamp(timezone.now()),
        "exported_by": by,
    }
    evidence = Evidence(run, _checkpoint_past(run, public_text(key)), recorded)
    file = tempfile.TemporaryFile()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        sums = "".join(
            f"{_write(archive, name, pieces)}  {name}\n"
            for name, pieces in (
                (verify_evidence.EVIDENCE, as_json(evidence)),
                ("items.csv", as_csv(evidence)),
                ("evidence.html", as_html(evidence)),
                (SCRIPT.name, [SCRIPT.read_text(encoding="utf-8")]),
            )
        )
        _write(archive, verify_evidence.SUMS, [sums])
        _write(archive, verify_evidence.SIGNATURE, [sign(key, f"{verify_evidence.FORMAT}\n{sums}") + "\n"])
    _check(file, run, public_text(key))
    with transaction.atomic():
        append([Entry("run.evidence_exported", origin, actor=user, run=run)])
    file.seek(0)
    return file


def _check(file: IO[bytes], run: StopRun, key: str) -> None:
    """Have the verifier read what was written, as whoever gets it will. Raises NotHandedOut."""
    size = file.tell()
    try:
        with zipfile.ZipFile(file) as archive:
            verify_evidence.check_archive(archive.infolist(), size)
            files = {one.filename: verify_evidence.read_entry(archive, one) for one in archive.infolist()}
        verify_evidence.check(files, key)
    except (verify_evidence.DoesNotFit, verify_evidence.NotChecked) as error:
        told = {"run": run.pk, "why": error}
        raise NotHandedOut(
            _("The evidence of run %(run)d is not handed out: its own verifier refuses it. %(why)s") % told
        ) from None


def file_name(run: StopRun) -> str:
    return f"evidence-run-{run.pk}.zip"


def as_json(evidence: Evidence) -> Iterator[str]:
    """evidence.json, an entry of a long list a line. Counts what it writes."""
    yield f'{{\n"format": {_text(verify_evidence.FORMAT)},\n"recorded": {_text(evidence.recorded)},\n'
    yield f'"run": {_text(evidence.first)},\n"about": {_text(evidence.about)},\n"lists": {_text(evidence.lists)},\n'
    yield from _array("items", _counted(evidence))
    yield from _array("left_out", evidence.left_out())
    yield from _array("chain", evidence.chain())
    yield f'"counts": {_text(evidence.counts)},\n"verdicts": {_text(evidence.verdicts)},\n'
    yield f'"checkpoint": {as_line(evidence.checkpoint)}}}\n'


def _counted(evidence: Evidence) -> Iterator[Json]:
    evidence.counts.clear()
    evidence.verdicts.clear()
    for item in evidence.items():
        evidence.counts[item["outcome"]] += 1
        if "verdict" in item:
            evidence.verdicts[item["verdict"]["verdict"]] += 1
        yield item


def _array(name: str, values: Iterable[Json]) -> Iterator[str]:
    yield f'"{name}": ['
    for number, value in enumerate(values):
        yield f"{',' if number else ''}\n{_text(value)}"
    yield "\n],\n"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _write(archive: zipfile.ZipFile, name: str, pieces: Iterable[str]) -> str:
    """Write the file `name` and return its SHA-256."""
    digest = hashlib.sha256()
    with archive.open(name, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece.encode())
            digest.update(piece.encode())
    return digest.hexdigest()


def _checkpoint_past(run: StopRun, public_key: str) -> AuditCheckpoint:
    """The first checkpoint by this key that covers all that happened in `run`; one is written where none is."""
    last = AuditEvent.objects.filter(STORY, run=run).aggregate(last=Max("seq"))["last"]
    ours = AuditCheckpoint.objects.filter(seq__gte=last, public_key=public_key)
    if not ours.exists():
        write_checkpoint()
    found = ours.first()
    if found is None:
        raise NoSigningKey(_("Another host signs the history with another key. Set AUDIT_SIGNING_KEY on all of them."))
    return found
