"""What the evidence of a run tells, as its lines in the history tell it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connections.audit.names import account_names_at
from connections.evidence import verify_evidence
from connections.models import AuditCheckpoint, AuditEvent, StopItem, StopRun
from connections.models.states import ItemState

Json = dict[str, Any]
CHUNK = 500


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
    begin: int = 0
    """The line by which the run was started; that a second person was asked for before stands in the history."""

    def __post_init__(self) -> None:
        requested = AuditEvent.objects.filter(run=self.run, action="stop.requested")
        self.begin = requested.order_by("seq").values_list("seq", flat=True)[0]
        alone = self.lines().filter(connection=None).order_by("seq").values_list("seq", "body")
        self.first, *self.about = ({**json.loads(body), "seq": seq} for seq, body in alone)
        accounts = set(self.run.items.order_by().values_list("account", flat=True).distinct())
        self.account_names = account_names_at(accounts, self.first["seq"])
        self.lists = [{**json.loads(body), "seq": seq} for seq, body in _lists(self.lines())]

    def lines(self) -> Any:
        """The run's own lines."""
        return AuditEvent.objects.filter(run=self.run, seq__gte=self.begin, seq__lte=self.checkpoint.seq)

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
