"""One migrate at a time: of several that begin at once the others wait, and then find nothing to do."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connections

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

LOCK = 0x72656D6F7465
"""The number of the lock in PostgreSQL, of its own for each database."""


@contextmanager
def alone(using: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of the database `using`. `waiting` is called once when somebody else has it."""
    database = connections[using]
    if database.vendor == "postgresql":
        with in_postgresql(database, waiting):
            yield
    elif database.settings_dict["NAME"] and Path(database.settings_dict["NAME"]).is_absolute():
        with in_folder(Path(database.settings_dict["NAME"]).parent, waiting):
            yield
    else:  # in memory: nobody else has it
        yield


@contextmanager
def in_postgresql(database: BaseDatabaseWrapper, waiting: Callable[[], None]) -> Iterator[None]:
    """By a transaction of a connection of its own, so that a pooler keeps it together; PostgreSQL ends it with that."""
    other = database.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            for limit in ("idle_in_transaction_session_timeout", "statement_timeout", "lock_timeout"):
                cursor.execute(f"SET LOCAL {limit} = 0")
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                waiting()
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield
    finally:
        other.close()


@contextmanager
def in_folder(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """By the folder itself: to close SQLite's own file would take away the locks that SQLite has on it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
