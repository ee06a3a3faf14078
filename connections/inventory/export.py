"""Connections handed out as a file: CSV or JSON Lines, in the order in which the panel came to know them."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from connections.audit.append import Entry, append, timestamp
from connections.audit.export_csv import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User

    from connections.audit.origin import Origin
    from connections.models import Connection
    from connections.models.connections import ConnectionQuerySet

COLUMNS = (
    "account",
    "device_name",
    "service_name",
    "device_address",
    "connection_id",
    "opened_by",
    "opened_at",
    "expires_at",
    "status",
    "status_at",
    "known_by",
    "known_at",
)
TIMES = ("opened_at", "expires_at", "status_at", "known_at")
CHUNK = 2000


def as_object(connection: Connection) -> dict[str, Any]:
    """The record as it is exported: times in UTC, ISO 8601; what is not known is left out."""
    values = {**{name: getattr(connection, name) for name in COLUMNS}, "account": connection.account.name}
    return _told(values)


def lines(rows: ConnectionQuerySet, form: str) -> Iterator[str]:
    """`rows` as `csv`, with a header, or as `jsonl`: each line with its end. Memory stays flat."""
    if form == "csv":
        yield _csv_line(COLUMNS)
        for record in _records(rows):
            yield _csv_line(tuple(harmless(record.get(name, "")) for name in COLUMNS))
        return
    for record in _records(rows):
        yield json.dumps(record, ensure_ascii=False) + "\n"


def announce(
    rows: ConnectionQuerySet, *, form: str, filters: dict[str, Any], origin: Origin, actor: User
) -> ConnectionQuerySet:
    """Append `connections.exported`, and return those of `rows` that it counts.

    It is committed before the first byte leaves, so that a download which breaks off is told, too. `form` is `jsonl` or
    `csv`; `filters` says in names and values which connections were asked for.
    """
    last = rows.order_by().aggregate(last=Max("pk"))["last"] or 0
    rows = rows.filter(pk__lte=last)
    facts = {"format": form, "filter": filters, "count": rows.order_by().count()}
    with transaction.atomic():
        append([Entry("connections.exported", origin, actor=actor, facts=facts)])
    return rows


def _records(rows: ConnectionQuerySet) -> Iterator[dict[str, Any]]:
    names = ("account__name", *COLUMNS[1:])
    found = rows.order_by("pk").values_list("pk", *names)
    last = 0
    # Chunk by chunk, and no cursor held open: a slow reader must not keep the database from tidying up.
    while chunk := list(found.filter(pk__gt=last)[:CHUNK]):
        for _pk, *values in chunk:
            yield _told(dict(zip(COLUMNS, values, strict=True)))
        last = chunk[-1][0]


def _told(values: dict[str, Any]) -> dict[str, Any]:
    told = {name: timestamp(value) if name in TIMES and value else value for name, value in values.items()}
    return {name: value for name, value in told.items() if value not in (None, "")}


def _csv_line(cells: tuple[Any, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
