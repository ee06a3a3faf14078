"""The tables that pages show, compared with the history: one run at once, or all of them while the chain is read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db import connection as database
from django.db import models
from django.db.models import Max, OuterRef, Subquery
from django.db.models.expressions import RawSQL

from connections.audit.differences import RUN_FIELDS, Difference, StoredItem, of_items, of_list, of_run
from connections.audit.names import Names, account_names_at
from connections.audit.told import ASKED_AGAIN, WISHES, ToldRun
from connections.models import AuditEvent, StopRun

CHUNK = 5000
RUNS_AT_ONCE = 200
TRIES = 5
OF_ITEMS = """
SELECT item.run_id, item.id, account.name, item.connection_id, item.account_id, item.attempts, item.skipped_why,
  item.took_ms, item.upstream_status, item.upstream_reason, item.verdict, item.verdict_why, item.verdict_seq,
  item.came_back_as, item.came_back_after_s, connection.connection_id, connection.device_address,
  item.state, CAST(item.sent_at AS text), CAST(item.answered_at AS text)
FROM connections_stopitem AS item
LEFT JOIN connections_connection AS connection ON connection.id = item.connection_id
LEFT JOIN connections_account AS account ON account.id = item.account_id
"""


# As it stands in the index of wishes: SQLite sees that it fits in no other form, and not with parameters.
IS_WISH = RawSQL(f"action IN {WISHES}", (), models.BooleanField())  # noqa: S611 - our own words


def differences(run_pk: int, connections: Collection[int] | None = None) -> list[Difference]:
    """Where the run, and its items of `connections` (None: all, and the list itself), differ from their lines.

    Rows and their lines are written together: what differs while no line was added meanwhile differs indeed. What
    moves all the time is not called different.
    """
    for _try in range(TRIES):
        told = _told(run_pk, connections)
        found = list(of_run(run_pk, _stored_runs([run_pk]).get(run_pk), told))
        rows = list(_stored_items([run_pk], connections))
        found += of_items(rows, told)
        if connections is None:
            found += _of_list(run_pk, rows, told)
        if not found or _told(run_pk, connections).last_seq == told.last_seq:
            return found
        if connections is not None:
            connections = {one.connection for one in found if one.connection is not None}
    return []


class Comparison:
    """All runs, items and names, compared while the chain is read: give it every line, in order, and `finish` it.

    A run is compared, and forgotten, once its last line was read, so that a million lines need no more memory than
    the runs that went on at the same time.
    """

    def __init__(self, last_seq: int) -> None:
        self.runs = self.items = 0
        self.differing_runs: list[int] = []
        self._last_seq = last_seq
        self._told: dict[Any, ToldRun] = {}
        self._ends = dict(_ends(last_seq))
        self._due: list[int] = []
        self._names = Names()

    def take(self, seq: int, body: dict[str, Any]) -> list[str]:
        """Read one line; returns what differs in the runs that are told to their end by now."""
        self._names.take(body)
        run = body.get("run_id")
        if run is None:
            return []
        told = self._told.get(run)
        if told is None:
            told = self._told[run] = ToldRun()
        told.take(seq, body)
        if self._ends.get(run) != seq:
            return []
        self._due.append(run)
        return self._compare_due() if len(self._due) == RUNS_AT_ONCE else []

    def finish(self) -> list[str]:
        """What differs in the rest, once the last line was read; and who is called otherwise than the history says."""
        found = self._compare_due()
        # What no row of a run is about, or no line; lines past the last that was read are asked for again.
        rest = {*self._told, *(run for run, end in self._ends.items() if end is None)}
        for run in sorted(one for one in rest if isinstance(one, int)):
            found += self._again(run, None)
        return found + self._names.differences(self._last_seq)

    def _compare_due(self) -> list[str]:
        runs, self._due = self._due, []
        if not runs:
            return []
        rows: dict[int, list[StoredItem]] = defaultdict(list)
        stored = _stored_runs(runs)
        for row in _stored_items(runs):
            rows[row.run].append(row)
        found = []
        for run in runs:
            told, items = self._told.pop(run), rows[run]
            self.runs, self.items = self.runs + 1, self.items + len(items)
            if any(of_run(run, stored.get(run), told)) or any(of_list(run, items, told)):
                found += self._again(run, None)
            elif connections := {one.connection for one in of_items(items, told) if one.connection is not None}:
                found += self._again(run, connections)
        return found

    def _again(self, run: int, connections: Collection[int] | None) -> list[str]:
        """Look once more, at the run alone: it may have gone on since the line up to which all was read."""
        found = differences(run, connections)
        if found:
            self.differing_runs.append(run)
        return [str(one) for one in found]


def _of_list(run_pk: int, rows: Collection[StoredItem], told: ToldRun) -> list[Difference]:
    found = list(of_list(run_pk, rows, told))
    if not any(one.what == "list_sha256" for one in found):
        return found
    # An account of which no line of the run tells may have been renamed since.
    untold = {row.account for row in rows} - told.account_names().keys()
    return list(of_list(run_pk, rows, told, account_names_at(untold, told.first_seq)))


def _told(run_pk: int, connections: Collection[int] | None) -> ToldRun:
    told = ToldRun()
    for seq, body in _lines(run_pk, connections):
        told.take(seq, json.loads(body))
    if connections is not None and any(item.can_be_asked_again for item in told.items.values()):
        asked = AuditEvent.objects.filter(action=ASKED_AGAIN, run=run_pk).aggregate(last=Max("seq"))["last"] or 0
        for item in told.items.values():
            if item.seq < asked:
                item.ask_again()
    return told


def _lines(run_pk: int, connections: Collection[int] | None) -> list[tuple[int, str]]:
    """The lines of the run, or those of it that tell of these connections and of the run as a whole, in order."""
    events = AuditEvent.objects.all()
    if connections is None:
        return list(events.filter(run=run_pk).order_by("seq").values_list("seq", "body"))
    # Not narrowed to the run: of its thousands of lines a database might read all, for the few of these connections.
    rows = events.filter(connection__in=connections).order_by("seq").values_list("seq", "body", "run_id")
    found = [(seq, body) for seq, body, run in rows if run == run_pk]
    own = events.filter(run=run_pk).values_list("seq", "body")
    found += own.order_by("seq")[:1]  # the one by which it was asked for
    found += own.filter(IS_WISH)
    return sorted({*found})


def _ends(last_seq: int) -> Iterator[tuple[int, int | None]]:
    """Each started run with its last line up to `last_seq`, by small queries."""
    lines = AuditEvent.rows.filter(run=OuterRef("pk"), seq__lte=last_seq).order_by("-seq").values("seq")[:1]
    runs = StopRun.objects.started().order_by("pk").annotate(end=Subquery(lines)).values_list("pk", "end")
    last = 0
    while part := list(runs.filter(pk__gt=last)[:CHUNK]):
        yield from part
        last = part[-1][0]


def _stored_runs(runs: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    return {row[0]: row for row in StopRun.objects.filter(pk__in=runs).values_list(*RUN_FIELDS)}


def _stored_items(runs: Collection[int], connections: Collection[int] | None = None) -> Iterator[StoredItem]:
    """The rows of the items of `runs`, in their order, a part at a time."""
    conditions, values = [f"item.run_id IN ({_marks(runs)})"], [*runs]
    if connections is not None:
        if not connections:
            return
        conditions.append(f"item.connection_id IN ({_marks(connections)})")
        values += connections
    where = f"WHERE {' AND '.join(conditions)} AND item.id > %s ORDER BY +item.id LIMIT {CHUNK}"
    last = 0
    while True:
        with database.cursor() as cursor:
            cursor.execute(f"{OF_ITEMS} {where}", [*values, last])
            part = [StoredItem._make(row) for row in cursor.fetchall()]
        yield from part
        if len(part) < CHUNK:
            return
        last = part[-1].pk


def _marks(values: Collection[object]) -> str:
    return ", ".join(["%s"] * len(values))
