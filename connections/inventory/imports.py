"""Taking connections over from a CSV file: the whole file is checked, then written in small transactions.

It is read row by row each time, so that memory holds a part of it and not its rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import ceil
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.accounts.credentials import ensure_default_account
from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.inventory.csv_rows import BadRow, Row, read_columns, read_rows
from connections.inventory.csv_table import Unreadable
from connections.models import Account, Connection
from connections.models.accounts import lock_accounts
from connections.models.states import KnownBy

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CHUNK = 1000
MOST_BAD = 1000
"""So many bad rows are told; after one more the rest of a file is not read."""
REFRESHED = ("device_name", "service_name", "opened_by", "expires_at")


@dataclass
class Checked:
    """What was read of a file: how many rows can be taken, and those that can't, by line.

    `known`: how many of the `good` rows name a connection that is known already; `refreshed`: how many of those have
    something that it would take over; `past_end`: how many connections should have ended by what their row says.
    `stopped_at`: the line after which the rest was not read, for there were more than MOST_BAD bad rows; 0: all of it
    was read.
    """

    bad_rows: list[BadRow] = field(default_factory=list)
    good: int = 0
    known: int = 0
    refreshed: int = 0
    past_end: int = 0
    stopped_at: int = 0

    @property
    def told_bad_rows(self) -> list[BadRow]:
        """The bad rows, and at their end that there would be more."""
        if not self.stopped_at:
            return self.bad_rows
        why = _("More than %d rows can't be taken. This file is not what it should be; the rest was not read.")
        return [*self.bad_rows, BadRow(self.stopped_at, why % MOST_BAD)]


@dataclass(frozen=True)
class Imported:
    """How many connections were added, how many were known already, and the rows that were left out."""

    added: int
    known: int
    left_out: list[BadRow]


class NotImported(Exception):
    """Nothing was imported; `bad_rows` says why, by line."""

    def __init__(self, bad_rows: list[BadRow]) -> None:
        super().__init__(_("Nothing was imported."))
        self.bad_rows = bad_rows


def check_columns(content: bytes) -> None:
    """Read the first row of a CSV file. Raises NotImported when it does not name the columns."""
    try:
        read_columns(content)
    except Unreadable as error:
        raise NotImported([BadRow(error.line, error.why)]) from None


def check(content: bytes, *, most_rows: int | None = None, tell: Callable[[int], None] = lambda line: None) -> Checked:
    """Read a CSV file, and change nothing.

    `content` is as `csv_table.read_table` takes it; its first row names the columns, `csv_rows.COLUMNS`, of which
    `csv_rows.REQUIRED` must be there. Times are ISO 8601 with their offset from UTC. `most_rows`: how many rows are
    read, blank ones not counted. `tell` is told the line that was reached, every CHUNK rows. Raises NotImported when
    it can't be read at all.
    """
    ensure_default_account()
    checked, part = Checked(), []
    lines: dict[tuple[int, str], int] = {}
    try:
        for number, row in enumerate(read_rows(content, _accounts()), start=1):
            if most_rows is not None and number > most_rows:
                raise Unreadable(row.line, _("The file has more than %d rows.") % most_rows)
            if isinstance(row, BadRow):
                checked.bad_rows.append(row)
            elif first := lines.get(row.key):
                why = _("The same connection as on line %d.") % first
                checked.bad_rows.append(BadRow(row.line, why, row.cells["connection_id"]))
            else:
                lines[row.key] = row.line
                part.append(row)
            if number % CHUNK == 0:
                _compare(part, checked)
                part.clear()
                tell(row.line)
            if len(checked.bad_rows) > MOST_BAD:
                checked.stopped_at = row.line
                break
    except Unreadable as error:
        raise NotImported([BadRow(error.line, error.why)]) from None
    _compare(part, checked)
    if not checked.good and not checked.bad_rows:
        raise NotImported([BadRow(1, _("The file names its columns and no connection."))])
    checked.bad_rows = sorted(checked.bad_rows, key=lambda bad: bad.line)[:MOST_BAD]
    return checked


def _accounts() -> dict[str, Account]:
    return {account.name: account for account in Account.objects.kept()}


def import_connections(
    content: bytes, file_name: str, *, actor: User | None, origin: Origin, skip_bad: bool = False
) -> Imported:
    """Add the connections of a CSV file (see `check`), and refresh those that are known already.

    A known connection takes over the names, the opener and the expiry that its row gives, never a status; of one
    that remote.it itself told us about, only what is empty is filled. Rows are written in small transactions, each
    with its own `connections.imported` line, so a crash leaves whole parts, and the same file again does the rest.

    Raises NotImported, and has written nothing, when a row is bad (with `skip_bad`: when all are, or more than
    MOST_BAD) or the file can't be read.
    """
    checked = check(content)
    if not checked.good or checked.stopped_at or (checked.bad_rows and not skip_bad):
        raise NotImported(checked.told_bad_rows)
    facts = {
        "file": PurePath(file_name).name,
        "file_sha256": hashlib.sha256(content).hexdigest(),
        "parts": ceil(checked.good / CHUNK),
    }
    added = known = 0
    for number, rows in enumerate(_parts(content, checked), start=1):
        # Told once, so that the lines of one import add up.
        left_out = len(checked.bad_rows) if number == 1 else 0
        entry = Entry(
            "connections.imported", origin, actor=actor, facts={**facts, "part": number, "left_out": left_out}
        )
        new, old = _import_part(rows, entry)
        added, known = added + new, known + old
    return Imported(added, known, checked.bad_rows)


def _parts(content: bytes, checked: Checked) -> Iterator[list[Row]]:
    """The rows that `checked` found good, up to CHUNK at a time."""
    bad = {row.line for row in checked.bad_rows}
    rows = (row for row in read_rows(content, _accounts()) if isinstance(row, Row) and row.line not in bad)
    while part := list(islice(rows, CHUNK)):
        yield part


def _import_part(rows: list[Row], entry: Entry) -> tuple[int, int]:
    try:
        return _write_with_line(rows, entry)
    except IntegrityError:
        # Somebody added one of them since we looked; a second look finds it.
        return _write_with_line(rows, entry)


@transaction.atomic
def _write_with_line(rows: list[Row], entry: Entry) -> tuple[int, int]:
    lock_accounts(row.account.pk for row in rows)
    added, known = _write(rows)
    entry.facts.update(count=added, known=known)
    append([entry])
    return added, known


def _write(rows: list[Row]) -> tuple[int, int]:
    """Returns how many were added and how many were known already."""
    known = _known(rows, lock=True)
    now = timezone.now()
    new = [
        Connection(account=row.account, connection_key=row.key[1], known_by=KnownBy.IMPORTED, known_at=now, **row.cells)
        for row in rows
        if row.key not in known
    ]
    changed = [known[row.key] for row in rows if row.key in known and _refresh(known[row.key], row.cells)]
    Connection.objects.bulk_create(new)
    for connection in changed:
        # One by one: bulk_update's long CASE expressions take longer than all of these.
        connection.save(update_fields=REFRESHED)
    told_by_people = [connection.pk for connection in known.values() if not connection.is_known_to_be_real]
    Connection.objects.filter(pk__in=told_by_people).update(known_at=now)
    return len(new), len(known)


def _refresh(connection: Connection, cells: dict[str, Any]) -> bool:
    """Take over what the row gives; returns whether something changed."""
    changed = False
    for name in REFRESHED:
        value, was = cells.get(name), getattr(connection, name)
        if value and value != was and not (was and connection.is_known_to_be_real):
            setattr(connection, name, value)
            changed = True
    return changed


def _known(rows: list[Row], *, lock: bool = False) -> dict[tuple[int, str], Connection]:
    found = Connection.objects.filter(
        account__in={row.account.pk for row in rows}, connection_key__in=[row.key[1] for row in rows]
    ).order_by("pk")
    keys = {row.key for row in rows}
    if lock:
        found = found.select_for_update(no_key=True)
    by_key = {(one.account_id, one.connection_key): one for one in found}
    return {key: connection for key, connection in by_key.items() if key in keys}


def _compare(rows: list[Row], checked: Checked) -> None:
    """Count `rows` into `checked` by what is known of their connections, and change nothing.

    One that is known with another service address is bad: a stop would send the wrong one.
    """
    known, now = _known(rows) if rows else {}, timezone.now()
    for row in rows:
        connection, address = known.get(row.key), row.cells["device_address"]
        if connection and connection.device_address.lower() != address.lower():
            why = _("This connection id is known with the service address %s.") % connection.device_address
            checked.bad_rows.append(BadRow(row.line, why, f"{address},{row.cells['connection_id']}"))
            continue
        checked.good += 1
        ends = row.cells.get("expires_at")
        checked.past_end += ends is not None and ends <= now
        if connection:
            checked.known += 1
            checked.refreshed += _refresh(connection, row.cells)  # the object in memory alone: it is not saved
