"""The evidence of one run: a ZIP that an outsider can check without the panel, by the script inside.

It is written piece by piece, so that a run of ten thousand needs no more memory than one of ten.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import Entry, Origin, append, timestamp
from connections.audit.checkpoints import as_line, write_checkpoint
from connections.audit.names import account_names_at
from connections.audit.signing import NoSigningKey, public_text, sign, signing_key
from connections.evidence import verify_evidence
from connections.evidence.pages import as_csv, as_html
from connections.models import AuditCheckpoint, AuditEvent, StopItem, StopRun
from connections.models.states import ItemState
from remoteit_admin import __version__

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Json = dict[str, Any]
CHUNK = 500
SCRIPT = Path(verify_evidence.__file__)
STORY = Q(action__startswith="stop.") | Q(action__in=("run.paused", "run.resumed", "run.cancelled"))


class NotHandedOut(Exception):
    """What was written does not pass its own verifier. The message is fit for a person."""


@dataclass
class Evidence:
    """What is told of `run`, up to the line that `checkpoint` signs; `recorded` is what no line of the chain shows."""

    run: StopRun
    checkpoint: AuditCheckpoint
    recorded: Json
    first: Json = field(default_factory=dict)
    about: list[Json] = field(default_factory=list)
    lists: list[Json] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)

    account_names: dict[int, str] = field(default_factory=dict)
    """What the accounts were called when the list was frozen, by key, for connections of which no line tells."""

    def __post_init__(self) -> None:
        alone = self.lines().filter(connection=None).order_by("seq").values_list("seq", "body")
        self.first, *self.about = ({**json.loads(body), "seq": seq} for seq, body in alone)
        accounts = set(self.run.items.order_by().values_list("account", flat=True).distinct())
        self.account_names = account_names_at(accounts, self.first["seq"])
        self.lists = [{**json.loads(body), "seq": seq} for seq, body in _lists(self.lines())]

    def lines(self) -> Any:
        """The run's own lines."""
        return AuditEvent.objects.filter(run=self.run, seq__lte=self.checkpoint.seq)

    def items(self) -> Iterator[Json]:
        """The frozen list in its order: each connection with its attempts, answers and verdict, as its lines tell."""
        cancelled = any(line["action"] == "run.cancelled" for line in self.about)
        for item, lines in self._items():
            if item.state != ItemState.SKIPPED or lines:
                story = verify_evidence.item_story(lines, cancelled=cancelled)
                yield {**self._identity(item, lines), **story, "recorded": _recorded(item)}

    def left_out(self) -> Iterator[Json]:
        """What was selected and was not in the frozen list, with why. No line names it."""
        for item, lines in self._items(state=ItemState.SKIPPED):
            if not lines:
                yield {**self._identity(item, []), "why": item.skipped_why, **_recorded(item)}

    def chain(self) -> Iterator[Json]:
        """Every line from the run's first to the checkpoint; strangers' lines as digests only."""
        lists = {line["seq"] for line in self.lists}
        events = AuditEvent.objects.filter(seq__lte=self.checkpoint.seq).order_by("seq")
        rows = events.values_list("seq", "prev_hash", "hash", "body", "run_id")
        last = self.first["seq"] - 1
        while chunk := list(rows.filter(seq__gt=last)[: 4 * CHUNK]):
            for seq, prev_hash, own_hash, body, run_id in chunk:
                shown = run_id == self.run.pk or seq in lists
                text = {"body": body} if shown else {"body_sha256": hashlib.sha256(body.encode()).hexdigest()}
                yield {"seq": seq, "prev_hash": prev_hash, "hash": own_hash, **text}
            last = chunk[-1][0]

    def _identity(self, item: StopItem, lines: list[tuple[int, Json]]) -> Json:
        # As the item's own lines name it, where it has some: an account can be given another name later.
        connection, then = item.connection, self.account_names.get(item.account_id, item.account.name)
        return {
            "account": lines[0][1]["account"] if lines else then,
            "device_address": connection.device_address,
            "connection_id": connection.connection_id,
        }

    def _items(self, **only: str) -> Iterator[tuple[StopItem, list[tuple[int, Json]]]]:
        """The run's items in the order of the list, each with its lines."""
        found = self.run.items.filter(**only).select_related("connection", "account").order_by("pk")
        last = 0
        while chunk := list(found.filter(pk__gt=last)[:CHUNK]):
            lines: dict[int | None, list[tuple[int, Json]]] = {item.connection_id: [] for item in chunk}
            rows = self.lines().filter(connection__in=[*lines]).order_by("seq")
            for seq, body, connection_id in rows.values_list("seq", "body", "connection_id"):
                lines[connection_id].append((seq, json.loads(body)))
            yield from ((item, lines[item.connection_id]) for item in chunk)
            last = chunk[-1].pk


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


def _lists(lines: Any) -> list[tuple[int, str]]:
    """The lines about the lists that verdicts rest on: asked for, and read."""
    verdicts = lines.filter(action="stop.verified").values_list("body", flat=True).iterator(chunk_size=CHUNK)
    read = {json.loads(body).get("list_seq") for body in verdicts} - {None}
    rows = AuditEvent.objects.filter(action__in=("list.started", "list.read")).order_by("seq")
    found = list(rows.filter(seq__in=read).values_list("seq", "body"))
    asked = {json.loads(body).get("list_seq") for _seq, body in found} - {None}
    return list(rows.filter(seq__in=asked | read).values_list("seq", "body"))


def _recorded(item: StopItem) -> Json:
    """What the panel has on record now and no line of the chain shows."""
    connection = item.connection
    names = ("device_name", "service_name", "opened_by", "known_by")
    return {name: getattr(connection, name) for name in names if getattr(connection, name)}
