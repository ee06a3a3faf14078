"""What a program says when the database or the queue fails it: one line, in the database's own words."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from django.db import DataError, Error, IntegrityError, InternalError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor

EXIT_CODE = 1
"""No setting is known to be wrong (2 would say so): whoever watches over the command may well try it again."""
NOT_MIGRATED = "The database has not the tables of this version: run `python manage.py migrate`."
NOT_ALLOWED, READ_ONLY = "42501", "25006"
"""The states (PostgreSQL, appendix A) that come as errors of a program, and are the database's."""


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Within the block, a database or a queue that can't be used ends this process with exit code 1 and one line.

    An error of our own program goes on as it is, with its traceback; so does all with Django's --traceback.
    """
    try:
        yield
    except Exception as error:
        if "--traceback" in sys.argv or not (said := why(error)):
            raise
        sys.stderr.write(f"{said}\n")
        sys.exit(EXIT_CODE)


def why(error: Exception) -> str:
    """The line that tells `error`, when it is the database's or the queue's; "" when it is of our own program."""
    if isinstance(error, Error):
        if _lacks_migrations():
            return NOT_MIGRATED
        return "" if _is_our_own(error) else f"The database can't be used: {_said(error)}"
    return why_queue(error)


def why_queue(error: BaseException | None) -> str:
    """As `why`, of the queue alone: Django wraps the errors of the database, and Huey passes its drivers' on."""
    names = (("sqlite3", "DatabaseError"), ("psycopg", "DatabaseError"), ("redis", "RedisError"))
    loaded = tuple(getattr(sys.modules[driver], name) for driver, name in names if driver in sys.modules)
    return f"The queue can't be used: {_said(error)}" if isinstance(error, loaded) else ""


def _said(error: BaseException | None) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _is_our_own(error: Error) -> bool:
    if isinstance(error, (DataError, IntegrityError)):
        return True
    state = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, (ProgrammingError, InternalError)) and state not in (NOT_ALLOWED, READ_ONLY)


def _lacks_migrations() -> bool:
    try:
        connection.close()  # what failed may have left it in a transaction
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except Error:
        return False
