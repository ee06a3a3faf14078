"""Many counts in one statement: a page that asks for a dozen waits for one answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connections

if TYPE_CHECKING:
    from django.db.models import QuerySet


def count_together(wanted: Sequence[tuple[QuerySet[Any], int]]) -> list[int]:
    """How many rows each queryset of `wanted` has, counted up to one more than the number beside it."""
    parts, values = [], []
    for rows, most in wanted:
        try:
            sql, parameters = rows.order_by().values("pk")[: most + 1].query.get_compiler(rows.db).as_sql()
        except EmptyResultSet:
            parts.append("0")
            continue
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) AS part)")  # noqa: S608 - compiled by Django
        values += parameters
    if not parts:
        return []
    with connections[wanted[0][0].db].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        return [int(count) for count in cursor.fetchone()]
