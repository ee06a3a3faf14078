"""The database as one file, and back: by SQLite's own copy, or by PostgreSQL's own programs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg.conninfo import make_conninfo

NOT_LIBPQS = ("cursor_factory", "context", "prepare_threshold", "password", "row_factory")
LOCK = 0x72696131
"""PostgreSQL's advisory lock for whoever restores: "ria1"."""
MOST_SAID = 500


class NotCopied(Exception):
    """The database could not be copied or loaded. The message is fit for a person."""


def copy_to(path: Path) -> dict[str, Any]:
    """Write the whole database, as it is at one moment, to `path`, beside whoever writes.

    Returns what the copy holds: `seq` and `hash` of the history's head, `migrations` by app. Raises NotCopied.
    """
    return _copy_sqlite(path) if connection.vendor == "sqlite" else _copy_postgresql(path)


def load_from(path: Path) -> None:
    """Make the database of the settings, which is empty, what `path` holds. Raises NotCopied."""
    if connection.vendor == "sqlite":
        _load_sqlite(path)
    else:
        _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(path))


def is_empty() -> bool:
    """Whether the database of the settings has no table."""
    return not connection.introspection.table_names()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Nobody else restores within it. Raises NotCopied when somebody does."""
    busy = NotCopied(_("Another restore into this database is under way. Nothing was changed."))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                raise busy
        yield  # the lock goes with the session
        return
    # Of the folder, so that no file is left behind.
    folder = os.open(Path(connection.settings_dict["NAME"]).parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise busy from None
    finally:
        os.close(folder)


def _copy_sqlite(path: Path) -> dict[str, Any]:
    source = sqlite3.connect(connection.settings_dict["NAME"])
    target = sqlite3.connect(path)
    try:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, without a second beside it
        return _facts(target.cursor())
    except sqlite3.Error as error:
        raise NotCopied(_("The database could not be copied: %s.") % error) from None
    finally:
        source.close()
        target.close()


def _copy_postgresql(path: Path) -> dict[str, Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it waits here for the dump
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        _run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={path}")
        return _facts(cursor)


def _facts(cursor: Any) -> dict[str, Any]:
    cursor.execute("SELECT seq, hash FROM connections_audithead ORDER BY id")
    seq, own_hash = cursor.fetchone() or (0, "")
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
    migrations: dict[str, list[str]] = {}
    for app, name in cursor.fetchall():
        migrations.setdefault(app, []).append(name)
    return {"seq": seq, "hash": own_hash, "migrations": migrations}


def _load_sqlite(path: Path) -> None:
    target = Path(connection.settings_dict["NAME"])
    connection.close()
    handle, name = tempfile.mkstemp(prefix=f"{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as copy, path.open("rb") as source:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
        for end in ("-wal", "-shm"):  # of the empty one
            Path(f"{target}{end}").unlink(missing_ok=True)
        os.replace(name, target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise NotCopied(_("%(path)s can't be written: %(why)s.") % {"path": target, "why": error.strerror}) from None


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on the database of the settings; no command line shows the password."""
    if shutil.which(program) is None:
        raise NotCopied(_("%s is not on this host: install PostgreSQL's client programs.") % program)
    parameters = connection.get_connection_params()
    password = parameters.get("password", "")
    conninfo = make_conninfo(**{name: value for name, value in parameters.items() if name not in NOT_LIBPQS})
    done = subprocess.run(
        [program, f"--dbname={conninfo}", "--no-password", *arguments],
        env={**os.environ, **({"PGPASSWORD": password} if password else {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[:MOST_SAID]
        raise NotCopied(_("%(program)s failed: %(said)s") % {"program": program, "said": said})
