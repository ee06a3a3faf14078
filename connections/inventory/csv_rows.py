"""A CSV file of connections, read row by row: each row's values, or what is wrong with it and on which line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from connections.inventory.csv_table import Table, Unreadable, read_table
from connections.models import Account, Connection
from connections.models.formats import parse_time, validate_one_line

REQUIRED = ("device_address", "connection_id")
TIMES = ("opened_at", "expires_at")
COLUMNS = (*REQUIRED, "account", "device_name", "service_name", "opened_by", *TIMES)
LISTED_ACCOUNTS = 10
SHOWN = 200
"""So many characters of a bad row are shown as they stand in the file."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be taken: its line in the file (from 1), why, and how it begins."""

    line: int
    why: str
    text: str = ""

    def __str__(self) -> str:
        return _("line %(line)d: %(why)s") % {"line": self.line, "why": self.why}


@dataclass(slots=True)
class Row:
    """A row that can be taken: its line in the file (from 1), its account and its other cells by column."""

    line: int
    account: Account
    cells: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, str]:
        """What names a connection: its account and its id, in lower case."""
        return self.account.pk, self.cells["connection_id"].lower()


def read_rows(content: bytes, accounts: dict[str, Account]) -> Iterator[Row | BadRow]:
    """The rows of `content`, whose first row names the columns, in whatever case.

    `accounts`: those that a row may name, by name. Rows of nothing but blanks are passed over, and so are blank cells
    behind the last column. Raises Unreadable, before the first row or at the first that breaks the file's form.
    """
    table, header = read_columns(content)
    for line, cells in table.rows:
        row = _row(line, header, cells, accounts)
        yield BadRow(line, row, table.separator.join(cells)[:SHOWN]) if isinstance(row, str) else row


def read_columns(content: bytes) -> tuple[Table, list[str]]:
    """The table whose rows come next, and the columns that its first row names. Raises Unreadable."""
    table = read_table(content, COLUMNS)
    line, names = next(table.rows, (1, []))
    header = [name.lower() if name.lower() in COLUMNS else name for name in names]
    while header and not header[-1]:
        header.pop()
    _check_header(line, header)
    return table, header


def _check_header(line: int, header: list[str]) -> None:
    if not header:
        raise Unreadable(line, _("The file is empty."))
    columns = {"columns": ", ".join(COLUMNS)}
    for number, name in enumerate(header, start=1):
        if not name:
            raise Unreadable(line, _("Column %d has no name.") % number)
        if len(header) == 1 and name not in COLUMNS:
            wrong = {"name": name[:80], **columns}
            raise Unreadable(
                line,
                _(
                    "“%(name)s” is no column. The first line names the columns, parted by commas, semicolons or tabs: "
                    "%(columns)s."
                )
                % wrong,
            )
        if name not in COLUMNS:
            raise Unreadable(
                line, _("There is no column “%(name)s”, but %(columns)s.") % {"name": name[:40], **columns}
            )
        if header.count(name) > 1:
            raise Unreadable(line, _("The column %s stands there twice.") % name)
    for name in REQUIRED:
        if name not in header:
            raise Unreadable(line, _("The column %s is missing. The first line names the columns.") % name)


def _row(line: int, header: list[str], cells: list[str], accounts: dict[str, Account]) -> Row | str:
    """The row, or what is wrong with it."""
    if not any(cells[len(header) :]):
        cells = cells[: len(header)]
    if len(cells) != len(header):
        wrong = {"found": len(cells), "wanted": len(header)}
        return _("The row has %(found)d cells, and the first line names %(wanted)d.") % wrong
    given = dict(zip(header, cells, strict=True))
    account_name = given.pop("account", "") or Account.DEFAULT
    account = accounts.get(account_name)
    values: dict[str, Any] = {}
    faults = [] if account else [_unknown_account(account_name, accounts)]
    for name, cell in given.items():
        try:
            values[name] = _value(name, cell)
        except ValidationError as error:
            faults.append(f"{name}: {' '.join(error.messages)}")
    if values.get("opened_at") and values.get("expires_at") and values["expires_at"] < values["opened_at"]:
        faults.append(_("expires_at is before opened_at."))
    return " ".join(faults) if account is None or faults else Row(line, account, values)


def _value(name: str, cell: str) -> Any:
    """The cell as its field in the database takes it. Raises ValidationError."""
    if name in TIMES:
        return parse_time(cell) if cell else None
    validate_one_line(cell)
    return Connection._meta.get_field(name).clean(cell, None)  # type: ignore[union-attr]


def _unknown_account(name: str, accounts: dict[str, Account]) -> str:
    known = ", ".join([*sorted(accounts)[:LISTED_ACCOUNTS], *["…"] * (len(accounts) > LISTED_ACCOUNTS)]) or _("none")
    return _("account: “%(name)s” is not known; there are: %(known)s.") % {"name": name[:80], "known": known}
