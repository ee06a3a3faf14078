"""Taking connections over from a CSV file: the whole file is checked, then written in small transactions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.accounts import ensure_default_account
from connections.audit.append import Entry, Origin, append
from connections.csv_rows import BadRow, Row, read_rows
from connections.csv_table import Unreadable
from connections.models import Account, Connection
from connections.models.accounts import lock_accounts
from connections.models.states import KnownBy

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CHUNK = 1000
REFRESHED = ("device_name", "service_name", "opened_by", "expires_at")


@dataclass(frozen=True)
class Checked:
    """A file as it was read: the rows that can be taken, and those that can't, by line.

    `known`: how many of `rows` name a connection that is known already; `refreshed`: how many of those have
    something that it would take over.
    """

    rows: list[Row]
    bad_rows: list[BadRow]
    known: int
    refreshed: int


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


def check(content: bytes) -> Checked:
    """Read a CSV file, and change nothing.

    `content` is as `csv_table.read_table` takes it; its first row names the columns, `csv_rows.COLUMNS`, of which
    `csv_rows.REQUIRED` must be there. Times are ISO 8601 with their offset from UTC. Raises NotImported when it can't
    be read at all.
    """
    ensure_default_account()
    accounts = {account.name: account for account in Account.objects.all()}
    rows: dict[tuple[int, str], Row] = {}
    bad_rows = []
    try:
        for row in read_rows(content, accounts):
            if isinstance(row, BadRow):
                bad_rows.append(row)
            elif row.key in rows:
                why = _("The same connection as on line %d.") % rows[row.key].line
                bad_rows.append(BadRow(row.line, why, row.cells["connection_id"]))
            else:
                rows[row.key] = row
    except Unreadable as error:
        raise NotImported([BadRow(error.line, error.why)]) from None
    if not rows and not bad_rows:
        raise NotImported([BadRow(1, _("The file names its columns and no connection."))])
    contradictions, known, refreshed = _compare(list(rows.values()))
    good = [row for row in rows.values() if row.line not in contradictions]
    bad_rows = sorted([*bad_rows, *contradictions.values()], key=lambda bad: bad.line)
    return Checked(good, bad_rows, known, refreshed)


def import_connections(
    content: bytes, file_name: str, *, actor: User | None, origin: Origin, skip_bad: bool = False
) -> Imported:
    """Add the connections of a CSV file (see `check`), and refresh those that are known already.

    A known connection takes over the names, the opener and the expiry that its row gives, never a status; of one
    that remote.it itself told us about, only what is empty is filled. Rows are written in small transactions, each
    with its own `connections.imported` line, so a crash leaves whole parts, and the same file again does the rest.

    Raises NotImported, and has written nothing, when a row is bad (with `skip_bad`: when all are) or the file
    can't be read.
    """
    checked = check(content)
    if not checked.rows or (checked.bad_rows and not skip_bad):
        raise NotImported(checked.bad_rows)
    parts = [checked.rows[first : first + CHUNK] for first in range(0, len(checked.rows), CHUNK)]
    facts = {
        "file": PurePath(file_name).name,
        "file_sha256": hashlib.sha256(content).hexdigest(),
        "parts": len(parts),
    }
    added = known = 0
    for number, rows in enumerate(parts, start=1):
        # Told once, so that the lines of one import add up.
        left_out = len(checked.bad_rows) if number == 1 else 0
        entry = Entry(
            "connections.imported", origin, actor=actor, facts={**facts, "part": number, "left_out": left_out}
        )
        new, old = _import_part(rows, entry)
        added, known = added + new, known + old
    return Imported(added, known, checked.bad_rows)


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


def _compare(rows: list[Row]) -> tuple[dict[int, BadRow], int, int]:
    """Compare with what is known, and change nothing.

    Returns the rows whose connection is known with another service address, by line (a stop would send the wrong
    one); how many of the others are known; and how many of those would take something over.
    """
    bad_rows = {}
    known_count = refreshed = 0
    for first in range(0, len(rows), CHUNK):
        part = rows[first : first + CHUNK]
        known = _known(part)
        for row in part:
            connection, address = known.get(row.key), row.cells["device_address"]
            if connection is None:
                continue
            if connection.device_address.lower() != address.lower():
                why = _("This connection id is known with the service address %s.") % connection.device_address
                bad_rows[row.line] = BadRow(row.line, why, f"{address},{row.cells['connection_id']}")
            else:
                known_count += 1
                refreshed += _refresh(connection, row.cells)  # the object in memory alone: it is not saved
    return bad_rows, known_count, refreshed
