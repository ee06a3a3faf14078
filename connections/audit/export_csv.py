"""The history as CSV, for spreadsheets. What was hashed, to the byte, is in the JSON Lines."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from connections.audit.append import canonical
from connections.audit.export import as_objects
from connections.models.formats import visible

if TYPE_CHECKING:
    from collections.abc import Generator

    from connections.models.audit import AuditEventQuerySet

COLUMNS = (
    "seq",
    "at",
    "actor",
    "action",
    "origin",
    "system_user",
    "client_ip",
    "user_agent",
    "account",
    "connection_id",
    "device_address",
    "run_id",
    "item_id",
    "attempt",
    "outcome",
    "verdict",
    "upstream_status",
    "upstream_reason",
    "reason",
    "ticket",
    "more",
    "prev_hash",
    "hash",
)
SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # the latter are full-width
FORMULA = re.compile(rf"[\t\r\n]|\s*[{SIGNS}]")
# Where `;` or a tab divides cells, what follows it is a new one: a spreadsheet that expects those heeds no quotes
# around the whole, and takes those in it away.
LATER_FORMULA = re.compile(rf"([;\t\r\n])(?=[\s\"]*[{SIGNS}])")


def as_csv_lines(events: AuditEventQuerySet) -> Generator[str, None, None]:
    """A header and one row an event, oldest first, each with its line end."""
    yield header()
    yield from map(as_row, as_objects(events))


def header() -> str:
    return _line(COLUMNS)


def as_row(fields: dict[str, Any]) -> str:
    """An object of `as_objects` as a row. `more` holds the fields that have no column, as JSON.

    What a spreadsheet would take for a formula gets an apostrophe in front.
    """
    more = {name: value for name, value in fields.items() if name not in COLUMNS}
    row = {**fields, "more": canonical(more) if more else ""}
    return _line(tuple(harmless(row.get(name, "")) for name in COLUMNS))


def harmless(value: Any) -> Any:
    """`value`, with an apostrophe before what a spreadsheet would take for a formula, and what is not seen named."""
    if not isinstance(value, str) or value.isalnum():
        return value
    value = visible(value)
    inside = LATER_FORMULA.sub(r"\1'", value)
    return f"'{inside}" if FORMULA.match(value) else inside


def _line(cells: tuple[Any, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
