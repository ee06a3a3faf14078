"""The evidence of a hold: its lines in the chain, each of its runs' own evidence, and the scripts that check both."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append, timestamp
from connections.audit.checkpoints import as_line, write_checkpoint
from connections.audit.signing import NoSigningKey, public_text, sign, signing_key
from connections.evidence import verify_evidence, verify_hold
from connections.evidence.archive import NotHandedOut, export, file_name
from connections.models import AuditCheckpoint, AuditEvent, Hold
from connections.models.states import RunState
from connections.words.holds.told import as_lines
from remoteit_admin import __version__

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin

CHUNK = 4000
SCRIPTS = (Path(verify_evidence.__file__), Path(verify_hold.__file__))


def hold_file_name(hold: Hold) -> str:
    return f"evidence-hold-{hold.pk}.zip"


def export_hold(hold: Hold, user: User | None, origin: Origin) -> IO[bytes]:
    """The evidence of `hold` as a ZIP in an open temporary file; the history tells who had it made.

    Raises NoSigningKey, and NotHandedOut when its own verifier would refuse it.
    """
    key = signing_key()
    runs = list(hold.runs.filter(state=RunState.STARTED).order_by("pk"))
    by = user.get_username() if user else origin.system_user
    files = {f"{verify_hold.RUNS}{file_name(run)}": export(run, user, origin).read() for run in runs}
    checkpoint = _checkpoint(public_text(key))
    told = {
        "format": verify_hold.FORMAT,
        "recorded": {
            "software": f"remoteit-admin {__version__}",
            "exported_at": timestamp(timezone.now()),
            "exported_by": by,
        },
        "runs": [run.pk for run in runs],
        **_chain(hold, checkpoint),
        "checkpoint": json.loads(as_line(checkpoint)),
    }
    files[verify_hold.HOLD] = json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1).encode()
    files["hold.txt"] = "\n".join([*as_lines(hold, timezone.now()), "", *_story(told["lines"])]).encode()
    files |= {script.name: script.read_bytes() for script in SCRIPTS}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    files[verify_evidence.SUMS] = sums.encode()
    files[verify_evidence.SIGNATURE] = (sign(key, f"{verify_hold.FORMAT}\n{sums}") + "\n").encode()
    _check(files, hold, public_text(key))
    with transaction.atomic():
        append([Entry("hold.evidence_exported", origin, actor=user, facts={"hold_id": hold.pk})])
    return _zipped(files)


def _zipped(files: dict[str, bytes]) -> IO[bytes]:
    file = tempfile.TemporaryFile()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    file.seek(0)
    return file


def _check(files: dict[str, bytes], hold: Hold, key: str) -> None:
    """Have the verifier read what was written, as whoever gets it will. Raises NotHandedOut."""
    try:
        verify_hold.check(files, key)
    except (verify_evidence.DoesNotFit, verify_evidence.NotChecked) as error:
        told = {"hold": hold.pk, "why": error}
        raise NotHandedOut(
            _("The evidence of hold %(hold)d is not handed out: its own verifier refuses it. %(why)s") % told
        ) from None


def _checkpoint(public_key: str) -> AuditCheckpoint:
    """A checkpoint by this key that covers all there is by now."""
    write_checkpoint()
    found = AuditCheckpoint.objects.filter(public_key=public_key).order_by("-seq").first()
    if found is None:
        raise NoSigningKey(_("Another host signs the history with another key. Set AUDIT_SIGNING_KEY on all of them."))
    return found


def _chain(hold: Hold, checkpoint: AuditCheckpoint) -> dict[str, Any]:
    """The chain from the hold's first line to the checkpoint, strangers' lines as digests, and its own lines told."""
    chain: list[dict[str, Any]] = []
    lines: list[Any] = []
    for seq, prev_hash, own_hash, body in _rows(hold, checkpoint):
        facts = json.loads(body)
        mine = facts.get("hold_id") == hold.pk
        text = {"body": body} if mine else {"body_sha256": hashlib.sha256(body.encode()).hexdigest()}
        chain.append({"seq": seq, "prev_hash": prev_hash, "hash": own_hash, **text})
        if mine:
            lines.append(verify_evidence.told((seq, facts)))
    return {"chain": chain, "lines": lines}


def _rows(hold: Hold, checkpoint: AuditCheckpoint) -> Iterator[tuple[int, str, str, str]]:
    """A hold's first line is that whose place it keeps: the others of its transaction stand before it."""
    rows = AuditEvent.objects.filter(seq__lte=checkpoint.seq).order_by("seq")
    last = hold.started_seq - 1
    while part := list(rows.filter(seq__gt=last).values_list("seq", "prev_hash", "hash", "body")[:CHUNK]):
        yield from part
        last = part[-1][0]


def _story(lines: list[Any]) -> Iterator[str]:
    """The hold's own lines, one each, in order."""
    for line in lines:
        if str(line["action"]).startswith("hold."):
            facts = {name: value for name, value in line.items() if name not in ("at", "action", "seq", "origin")}
            yield f"{line['at']}  {line['action']}  {json.dumps(facts, ensure_ascii=False, sort_keys=True)}"
