"""The history as CSV, for spreadsheets. What was hashed, to the byte, is in the JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from connections.audit.append import canonical
from connections.audit.export import as_json_lines

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
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv_lines(events: AuditEventQuerySet) -> Generator[str, None, None]:
    """A header and one row an event, oldest first, each with its line end. `more` holds the further fields as JSON.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    yield _line(COLUMNS)
    for line in as_json_lines(events):
        fields = json.loads(line)
        more = {name: value for name, value in fields.items() if name not in COLUMNS}
        fields["more"] = canonical(more) if more else ""
        yield _line(tuple(harmless(fields.get(name, "")) for name in COLUMNS))


def harmless(value: Any) -> Any:
    """`value`, with an apostrophe in front when a spreadsheet would take it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _line(cells: tuple[Any, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
