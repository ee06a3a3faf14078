from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, models


def insert_many(rows: Sequence[models.Model]) -> None:
    """Insert `rows`, of one model, each with a key of its own or with one that the database gives.

    One short statement, run once a row: composing one statement of thousands of values through the ORM, as
    `bulk_create` does, costs more than all of these and would hold SQLite's lock for as long. The rows don't
    learn the keys that the database gives.
    """
    if not rows:
        return
    meta = rows[0]._meta
    fields = [one for one in meta.concrete_fields if not (one.primary_key and isinstance(one, models.AutoField))]
    columns = ", ".join(_quoted(one) for one in fields)
    marks = ", ".join(["%s"] * len(fields))
    table = connection.ops.quote_name(meta.db_table)
    values = [[one.get_db_prep_save(getattr(row, one.attname), connection) for one in fields] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608 - a model's names


def update_many(model: type[models.Model], rows: Sequence[tuple[dict[str, object], dict[str, object]]]) -> int:
    """Update many rows of `model`, each (values, conditions) with the same names of columns; returns how many were.

    Names are those of attributes (`worker_id`, not `worker`); a condition is an equality.
    """
    values, conditions = rows[0]
    fields = {one.attname: one for one in model._meta.concrete_fields} | {"pk": model._meta.pk}
    assigned = ", ".join(f"{_quoted(fields[name])} = %s" for name in values)
    guarded = " AND ".join(f"{_quoted(fields[name])} = %s" for name in conditions)
    adapted = [
        [fields[name].get_db_prep_save(value, connection) for part in row for name, value in part.items()]
        for row in rows
    ]
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {assigned} WHERE {guarded}", adapted)  # noqa: S608 - a model's names
        return int(cursor.rowcount)


def _quoted(field: models.Field) -> str:
    return connection.ops.quote_name(str(field.column))
