"""Many questions in one statement: a page that asks a dozen waits for one answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connections

if TYPE_CHECKING:
    from django.db.models import QuerySet


def count_together(wanted: Sequence[tuple[QuerySet[Any], int]], *newest_of: QuerySet[Any]) -> list[int]:
    """How many rows each queryset of `wanted` has, counted up to one more than the number beside it.

    Behind them, for each of `newest_of`, the highest key of its rows; 0 where it has none.
    """
    parts, values = [], []
    for rows, most in wanted:
        try:
            sql, parameters = rows.order_by().values("pk")[: most + 1].query.get_compiler(rows.db).as_sql()
        except EmptyResultSet:
            parts.append("0")
            continue
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) AS part)")  # noqa: S608 - compiled by Django
        values += parameters
    for rows in newest_of:
        sql, parameters = rows.order_by("-pk").values("pk")[:1].query.get_compiler(rows.db).as_sql()
        parts.append(f"COALESCE(({sql}), 0)")
        values += parameters
    if not parts:
        return []
    with connections[wanted[0][0].db].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        return [int(count) for count in cursor.fetchone()]


def rows_together(wanted: Sequence[QuerySet[Any]]) -> list[list[tuple[Any, ...]]]:
    """The rows of each queryset of `wanted`, all of the same columns: names and whole numbers, as they are stored."""
    parts, values = [], []
    for number, rows in enumerate(wanted):
        try:
            sql, parameters = rows.query.get_compiler(rows.db).as_sql()
        except EmptyResultSet:
            continue
        parts.append(f"SELECT {number} AS part, found.* FROM ({sql}) AS found")  # noqa: S608 - compiled by Django
        values += parameters
    found: list[list[tuple[Any, ...]]] = [[] for _rows in wanted]
    if parts:
        with connections[wanted[0].db].cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), values)
            for number, *row in cursor.fetchall():
                found[number].append(tuple(row))
    return found
