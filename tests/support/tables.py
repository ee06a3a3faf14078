"""The tables as `migrate` leaves them, given back after each test that commits.

Django's own flush empties every table, full or not, and then makes the permissions of all models anew: that took most
of the time of such a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, connection, transaction

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper


class Tables:
    """All tables of this test's database; what is in them when this is made is what they hold after `restore`."""

    def __init__(self) -> None:
        names = connection.introspection.django_table_names(only_existing=True, include_views=False)
        self._names = [name for name in names if name != "django_migrations"]
        with connection.cursor() as cursor:
            self._kept = {name: _rows(cursor, name) for name in self._filled(cursor)}

    def restore(self) -> None:
        # The foreign keys are looked at when it is committed.
        with transaction.atomic(), connection.cursor() as cursor:
            filled = self._filled(cursor)
            kept = {name for name in self._kept if name in filled and self._is_as_it_was(cursor, name)}
            for name in {*filled} - kept:
                cursor.execute(f"DELETE FROM {_quoted(name)}")
            for name in {*self._kept} - kept:
                _insert(cursor, name, self._kept[name])
        ContentType.objects.clear_cache()

    def _is_as_it_was(self, cursor: CursorWrapper, name: str) -> bool:
        try:
            return _rows(cursor, name) == self._kept[name]
        except OperationalError:  # a test has put something there that can't be read
            return False

    def _filled(self, cursor: CursorWrapper) -> list[str]:
        if not self._names:  # no test that was chosen needs a database
            return []
        tests = [f"EXISTS (SELECT 1 FROM {_quoted(name)})" for name in self._names]
        cursor.execute(f"SELECT {', '.join(tests)}")
        return [name for name, filled in zip(self._names, cursor.fetchone(), strict=True) if filled]


def _rows(cursor: CursorWrapper, name: str) -> list[tuple[Any, ...]]:
    cursor.execute(f"SELECT * FROM {_quoted(name)} ORDER BY 1")
    return cursor.fetchall()


def _insert(cursor: CursorWrapper, name: str, rows: list[tuple[Any, ...]]) -> None:
    values = ", ".join(["%s"] * len(rows[0]))
    cursor.executemany(f"INSERT INTO {_quoted(name)} VALUES ({values})", rows)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
