"""Writing many rows at once.

PostgreSQL gets a COPY, or one statement with an array for each column; SQLite one statement whose rows are one
parameter, as JSON. Each statement gives the interpreter away, and waits among the senders to get it back: once a row
would be far too often. Composing through the ORM, as `bulk_create` does, takes several times as long.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from django.db import DataError, connection, models

from connections.models.folded.names import SOURCES, FoldedNames, fold_names


def insert_many(rows: Sequence[models.Model]) -> None:
    """Insert `rows`, of one model, each with a key of its own or with one that the database gives.

    The rows don't learn the keys that the database gives.
    """
    if rows:
        fields = rows[0]._meta.concrete_fields
        names = [one.attname for one in fields if not (one.primary_key and isinstance(one, models.AutoField))]
        insert_rows(type(rows[0]), names, [tuple(getattr(row, name) for name in names) for row in rows])


def insert_rows(model: type[models.Model], names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """Insert `rows` of `model`: tuples of values under `names`, which are those of attributes (`run_id`, not `run`)."""
    if not rows:
        return
    names, rows = _with_folded(model, names, rows)
    known = {one.attname: one for one in model._meta.concrete_fields}
    columns = [_ready(known[name], values) for name, values in zip(names, zip(*rows, strict=True), strict=True)]
    target = f"{_table(model)} ({', '.join(_quoted(known[name]) for name in names)})"
    # The driver's COPY stands outside of Django, which therefore does not translate its errors by itself.
    with connection.wrap_database_errors, connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {target} FROM STDIN") as copy:
                for row in zip(*columns, strict=True):
                    copy.write_row(row)
        else:
            cursor.execute(f"INSERT INTO {target} {_rows(len(names))}", [_as_json(columns)])


def update_many(model: type[models.Model], rows: Sequence[tuple[dict[str, object], dict[str, object]]]) -> int:
    """Update many rows of `model`, each (values, conditions) with the same names of columns; returns how many were.

    Names are those of attributes (`worker_id`, not `worker`); a condition is an equality.
    """
    rows = [(_values_with_folded(model, values), conditions) for values, conditions in rows]
    known = {one.attname: one for one in model._meta.concrete_fields} | {"pk": model._meta.pk}
    names = [(part, name) for part in (0, 1) for name in rows[0][part]]
    fields = [known[name] for _part, name in names]
    values: list[Any] = [_ready(known[name], [row[part][name] for row in rows]) for part, name in names]
    given = [f"given.c{number}" for number in range(len(fields))]
    assigned, table = len(rows[0][0]), _table(model)
    sets = ", ".join(f"{_quoted(field)} = {one}" for field, one in zip(fields[:assigned], given, strict=False))
    rest = zip(fields[assigned:], given[assigned:], strict=True)
    tests = " AND ".join(f"{table}.{_quoted(field)} = {one}" for field, one in rest)
    update = f"UPDATE {table} SET {sets} FROM {{}} WHERE {tests}"  # noqa: S608 - a model's names
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(update.format(_arrays(fields)), values)
            return int(cursor.rowcount)
        cursor.execute(update.format(f"({_rows(len(fields))}) AS given"), [_as_json(values)])
        return int(cursor.rowcount)


def update_same(
    model: type[models.Model], pks: Collection[int], values: dict[str, object], still: dict[str, Collection[object]]
) -> int:
    """Update the rows of `model` with these keys to the same `values`; returns how many were.

    `still`: only those whose attribute, by name, has one of these values.
    """
    known = {one.attname: one for one in model._meta.concrete_fields}
    sets = ", ".join(f"{_quoted(known[name])} = %s" for name in values)
    tests = {_quoted(model._meta.pk): pks} | {_quoted(known[name]): some for name, some in still.items()}
    where = " AND ".join(f"{name} IN ({', '.join(['%s'] * len(some))})" for name, some in tests.items())
    given: list[Any] = [_ready(known[name], [value])[0] for name, value in values.items()]
    given += [*pks, *(one for name, some in still.items() for one in _ready(known[name], [*some]))]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {_table(model)} SET {sets} WHERE {where}", given)  # noqa: S608 - a model's names
        return int(cursor.rowcount)


def _folded(model: type[models.Model]) -> str:
    """The name of the column in which `model` keeps its names folded; "" for none."""
    return next((one.attname for one in model._meta.concrete_fields if isinstance(one, FoldedNames)), "")


def _with_folded(
    model: type[models.Model], names: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> tuple[Sequence[str], Sequence[tuple[object, ...]]]:
    """`names` and `rows` with the folded names of each row beside them, where `model` keeps them."""
    folded = _folded(model)
    if not folded:
        return names, rows
    sources = [names.index(name) if name in names else None for name in SOURCES]
    kept = [place for place, name in enumerate(names) if name != folded]

    def whole(row: tuple[object, ...]) -> tuple[object, ...]:
        told = ("" if place is None else str(row[place]) for place in sources)
        return (*(row[place] for place in kept), fold_names(*told))

    return [*(names[place] for place in kept), folded], [whole(row) for row in rows]


def _values_with_folded(model: type[models.Model], values: dict[str, object]) -> dict[str, object]:
    """`values` with the folded names beside them, where they have names. Raises KeyError when they have not all."""
    folded = _folded(model)
    if not folded or values.keys().isdisjoint(SOURCES):
        return values
    return {**values, folded: fold_names(*(str(values[name]) for name in SOURCES))}


def _rows(columns: int) -> str:
    """The rows of one parameter, a JSON array of arrays, with the columns c0, c1, …"""
    names = ", ".join(f"json_extract(value, '$[{one}]') AS c{one}" for one in range(columns))
    return f"SELECT {names} FROM json_each(%s)"  # noqa: S608


def _as_json(columns: Sequence[Sequence[Any]]) -> str:
    if any(isinstance(value, str) and "\0" in value for values in columns for value in values):
        # SQLite would cut the text there; PostgreSQL refuses it in these words.
        raise DataError("text fields cannot contain NUL (0x00) bytes")
    return json.dumps([*zip(*columns, strict=True)], ensure_ascii=False, separators=(",", ":"))


def _arrays(fields: Sequence[Any]) -> str:
    """The rows of arrays, one for each of `fields`, as a table `given` with the columns c0, c1, …"""
    # Without its length: a cast to varchar(10) would cut what is longer, where an insert says so.
    types = [str(field.db_type(connection)).partition("(")[0] for field in fields]
    names = ", ".join(f"c{number}" for number in range(len(fields)))
    return f"unnest({', '.join(f'%s::{one}[]' for one in types)}) AS given ({names})"


def _ready(field: Any, values: Sequence[Any]) -> list[Any]:
    """`values` of `field` as the database's driver takes them."""
    if isinstance(field, (models.CharField, models.TextField)):
        # An array of choices and of plain text beside them would be one of two kinds.
        return [None if value is None else str(value) for value in values]
    if isinstance(field, (models.IntegerField, models.ForeignKey)):
        return list(values)
    if isinstance(field, models.DateTimeField):
        # Many rows have the same moment, and the way to the driver's functions is longer than they are.
        adapt = connection.ops.adapt_datetimefield_value
        adapted = {value: adapt(value) for value in set(values)}
        return [adapted[value] for value in values]
    return [field.get_db_prep_save(value, connection) for value in values]


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _quoted(field: Any) -> str:
    return connection.ops.quote_name(str(field.column))
