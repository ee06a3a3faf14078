"""Whether the database takes what is written to it, and what it can never take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.utils import timezone

from connections.models.workers import Worker

PATIENCE_MS = 500
"""How long a lock of somebody else is waited for; what is locked is not full."""
NOT_NOW = ("lock timeout", "database is locked", "current transaction is aborted")
"""What says nothing of whether the database takes a write: others hold it, or this transaction has failed before."""
NEVER_TAKEN = (DataError, IntegrityError, UnicodeError, OverflowError)
"""What is raised for values that no later try can write: a letter that the database's encoding lacks, a number out of
its column's range, a rule of the database. All else may be an outage."""


def in_ascii(text: str) -> str:
    """`text` as every database takes it: what is not ASCII, and NUL, as Python escapes it."""
    return text.encode("ascii", "backslashreplace").decode("ascii").replace("\0", "\\x00")


def why_not_writable() -> str:
    """What the database says when it is asked to write, word for word; "" when it writes, or can't tell just now.

    Notes the time in the row of the last worker: only a commit that changes something shows that there is room for one.
    """
    try:
        with _impatient_transaction():
            last = Worker.objects.order_by("-pk").values("pk")[:1]
            Worker.objects.filter(pk__in=last).update(tried_at=timezone.now())
    except DatabaseError as error:
        said = str(error).partition("\n")[0]
        return "" if any(word in said for word in NOT_NOW) else said
    return ""


@contextmanager
def _impatient_transaction() -> Iterator[None]:
    is_sqlite = connection.vendor == "sqlite"
    if is_sqlite:
        _run(f"PRAGMA busy_timeout = {PATIENCE_MS}")
    try:
        with transaction.atomic():
            if not is_sqlite:
                _run(f"SET LOCAL lock_timeout = {PATIENCE_MS}")
            yield
    finally:
        if is_sqlite:
            _run(f"PRAGMA busy_timeout = {connection.settings_dict['OPTIONS']['timeout'] * 1000}")


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
