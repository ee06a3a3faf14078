"""Where a row of a run or of an item says something else than its lines in the history: comparison, nothing is read.

The pages show tables, which the chain does not cover: who changes a row past the panel changes what a page tells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.audit.told import ToldItem, ToldRun
from connections.audit.verify_line import is_at
from connections.models.states import ItemState, RunState, SkipReason

NO_NAMES: dict[int, str] = {}
NEAR = timedelta(minutes=10)
"""How far the time of a click may lie from that of its line, which waits for its turn."""
RUN_FIELDS = (
    *("pk", "user_id", "user_name", "state", "reason", "ticket", "selector", "list_sha256", "parent_id"),
    *("started_at", "paused_at", "cancelled_at"),
)
WORDS = {
    "row": gettext_lazy("row"),
    "user_id": gettext_lazy("person"),
    "user_name": gettext_lazy("name of the person"),
    "reason": gettext_lazy("reason"),
    "ticket": gettext_lazy("ticket"),
    "selector": gettext_lazy("selection"),
    "list_sha256": gettext_lazy("list of connections"),
    "parent_id": gettext_lazy("earlier run"),
    "started_at": gettext_lazy("start"),
    "paused_at": gettext_lazy("pause"),
    "cancelled_at": gettext_lazy("cancellation"),
    "count": gettext_lazy("number of connections"),
    "skipped": gettext_lazy("number of connections left out"),
    "connection": gettext_lazy("connection"),
    "account": gettext_lazy("account"),
    "state": gettext_lazy("outcome"),
    "attempts": gettext_lazy("number of tries"),
    "skipped_why": gettext_lazy("reason for being skipped"),
    "took_ms": gettext_lazy("time to answer"),
    "upstream_status": gettext_lazy("status of the answer"),
    "upstream_reason": gettext_lazy("text of the answer"),
    "verdict": gettext_lazy("verdict"),
    "verdict_why": gettext_lazy("reason for being unverified"),
    "verdict_seq": gettext_lazy("list that the verdict rests on"),
    "came_back_as": gettext_lazy("connection as which it came back"),
    "came_back_after_s": gettext_lazy("time until it came back"),
    "connection_id": gettext_lazy("connection id"),
    "device_address": gettext_lazy("service address"),
    "sent_at": gettext_lazy("time of sending"),
    "answered_at": gettext_lazy("time of the answer"),
}


class StoredItem(NamedTuple):
    """An item's row, with what identifies its connection. Times as the database writes them."""

    run: int
    pk: int
    account_name: str
    connection: int
    account: int
    attempts: int
    skipped_why: str
    took_ms: int | None
    upstream_status: int | None
    upstream_reason: str
    verdict: str
    verdict_why: str
    verdict_seq: int | None
    came_back_as: str
    came_back_after_s: int | None
    connection_id: str
    device_address: str
    state: str
    sent_at: str | None
    answered_at: str | None

    @property
    def compared(self) -> tuple[Any, ...]:
        """From `connection` up to `state`, in the order of `told.ToldItem.compared`."""
        return tuple.__getitem__(self, COMPARED)


COMPARED = slice(StoredItem._fields.index("connection"), StoredItem._fields.index("state"))


@dataclass(frozen=True)
class Difference:
    """One thing that a row says and its lines don't. `item`, `connection`: keys, None where it is about the run."""

    run: int
    what: str
    stored: Any
    told: Any
    item: int | None = None
    connection: int | None = None

    def __str__(self) -> str:
        place = {"run": self.run, "item": self.item, "what": WORDS[self.what], "stored": self.stored, "told": self.told}
        if self.item is None:
            return _("run %(run)d: its %(what)s is “%(stored)s”, and the history says “%(told)s”") % place
        text = _("run %(run)d, item %(item)d: its %(what)s is “%(stored)s”, and the history says “%(told)s”")
        return text % place


def of_run(pk: int, row: tuple[Any, ...] | None, told: ToldRun) -> Iterator[Difference]:
    """Where the run's own row (see RUN_FIELDS; None: there is none) differs."""
    if row is None:
        yield Difference(pk, "row", _("not there any more"), _("there"))
        return
    stored, first = dict(zip(RUN_FIELDS, row, strict=True)), told.first
    if first is None or stored["state"] != RunState.STARTED:
        says = _("asked for by nobody") if first is None else RunState.STARTED.value
        yield Difference(pk, "state", stored["state"], says)
        return
    expected = {
        "user_id": first.get("actor_id"),
        "user_name": first.get("actor"),
        "reason": first.get("reason"),
        "ticket": first.get("ticket"),
        "selector": first.get("selector"),
        "list_sha256": first.get("list_sha256"),
        "parent_id": first.get("continues_run_id"),
    }
    for name, value in expected.items():
        if (stored[name] or None) != (value or None):
            yield Difference(pk, name, stored[name], value)
    if not _is_near(stored["started_at"], first.get("at")):
        yield Difference(pk, "started_at", stored["started_at"], first.get("at"))
    for name, is_so in (("paused_at", told.is_paused), ("cancelled_at", told.is_cancelled)):
        if (stored[name] is not None) != is_so:
            yield Difference(pk, name, stored[name], is_so)


def of_items(rows: Iterable[StoredItem], told: ToldRun) -> Iterator[Difference]:
    """Where the rows of one run's items differ from their lines."""
    for row in rows:
        item = told.items.get(row.pk) or untold(row)
        if not fits(row, item, told):
            yield from _named(row, item, told)


def untold(row: StoredItem) -> ToldItem:
    """What the row of an item has to say that no line names: nothing was sent of it, or it was left out at once."""
    item = ToldItem(row.connection, row.account, row.connection_id, row.device_address, row.account_name)
    if row.state == ItemState.SKIPPED and row.skipped_why in SkipReason.values:
        item.state, item.skipped_why = row.state, row.skipped_why
    return item


def of_list(
    pk: int, rows: Collection[StoredItem], told: ToldRun, account_names: dict[int, str] = NO_NAMES
) -> Iterator[Difference]:
    """Where the run's list differs: what is missing in it, or too much, or other than it was when it was frozen.

    `account_names`: by key, what those were called then of which no line of the run tells.
    """
    for key in told.items.keys() - {row.pk for row in rows}:
        yield Difference(pk, "row", _("not there any more"), _("there"), key, told.items[key].connection)
    if told.first is None:
        return
    frozen = [row for row in rows if row.state != ItemState.SKIPPED or row.pk in told.items]
    for name, count in (("count", len(frozen)), ("skipped", len(rows) - len(frozen))):
        if count != told.first.get(name, 0):
            yield Difference(pk, name, count, told.first.get(name, 0))
    sha256 = told.first.get("list_sha256")
    if sha256 and (found := frozen_sha256(frozen, account_names | told.account_names())) != sha256:
        yield Difference(pk, "list_sha256", found, sha256)


def frozen_sha256(rows: Iterable[StoredItem], account_names: Mapping[int, str]) -> str:
    """As `stops.plan.frozen_list_sha256`; accounts by the names that they had then, where those are known."""
    digest = hashlib.sha256()
    for row in sorted(rows, key=lambda row: row.pk):
        cells = (account_names.get(row.account, row.account_name), row.device_address, row.connection_id)
        digest.update(("\t".join(map(str, cells)) + "\n").encode())
    return digest.hexdigest()


def fits(row: StoredItem, item: ToldItem, told: ToldRun) -> bool:
    """Whether an item's row says what its lines say."""
    return (
        row.compared == item.compared()
        and (row.state == item.state or row.state in told.states(item))
        and _is_time(row.sent_at, item.sent_at)
        and _is_time(row.answered_at, item.answered_at)
    )


def _named(row: StoredItem, item: ToldItem, told: ToldRun) -> Iterator[Difference]:
    names = StoredItem._fields[COMPARED]
    for name, stored, said in zip(names, row.compared, item.compared(), strict=True):
        if stored != said:
            yield Difference(row.run, name, stored, said, row.pk, row.connection)
    if row.state not in told.states(item):
        yield Difference(row.run, "state", row.state, item.state, row.pk, row.connection)
    for name, at, said in (("sent_at", row.sent_at, item.sent_at), ("answered_at", row.answered_at, item.answered_at)):
        if not _is_time(at, said):
            yield Difference(row.run, name, at, said, row.pk, row.connection)


def _is_time(stored: Any, said: Any) -> bool:
    if stored is None or said is None:
        return stored is said
    return is_at(str(stored), said)


def _is_near(stored: datetime | None, said: Any) -> bool:
    at = parse_datetime(said) if isinstance(said, str) else None
    return stored is not None and at is not None and abs(stored - at) < NEAR
