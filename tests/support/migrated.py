"""A database on which `migrate` has run, made once and copied for each process of a test run.

For SQLite it is kept until the code changes (MIGRATED_AS names a state of the code, and it is kept for that name); on
PostgreSQL it lives as long as the server of the test run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support.commands import ROOT, command_line

KEPT = ROOT / ".pytest_cache" / "migrated"
CODE = ("connections", "remoteit_admin")
TEMPLATE = "panel_migrated"


def prepare(database: dict[str, Any]) -> None:
    """Have the test database of `database`, the settings of one, begin as one on which `migrate` has run."""
    if database["ENGINE"].endswith("sqlite3"):
        copy(Path(database["TEST"]["NAME"]))
    else:
        _make_template(database)
        database["TEST"]["TEMPLATE"] = TEMPLATE


def copy(path: Path) -> None:
    """Copy the migrated SQLite database to `path`."""
    with _alone():
        kept = KEPT / f"{_state_of_the_code()}.sqlite3"
        if not kept.exists():
            for old in KEPT.glob("*.sqlite3"):
                old.unlink()
            _make(kept)
        shutil.copyfile(kept, path)


def _make(kept: Path) -> None:
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        made = Path(folder) / "db.sqlite3"
        _migrate(f"sqlite:///{made}", Path(folder))
        with closing(sqlite3.connect(made)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made.rename(kept)


def _make_template(database: dict[str, Any]) -> None:
    facts = {"host": database["HOST"], "port": database["PORT"], "user": database["USER"]}
    facts["password"] = database["PASSWORD"]
    with _alone(), psycopg.connect(**facts, dbname=database["NAME"], autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            return
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
        server, _, _name = os.environ["DATABASE_URL"].rpartition("/")
        with tempfile.TemporaryDirectory() as folder:
            _migrate(f"{server}/{TEMPLATE}", Path(folder))


def _migrate(url: str, folder: Path) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url,
        "QUEUE_URL": f"sqlite:///{folder}/queue.sqlite3",
        "TEST_FOLDER": str(folder),
    }
    subprocess.run(command_line("migrate", "--verbosity", "0"), cwd=ROOT, env=environment, check=True)


@contextmanager
def _alone() -> Iterator[None]:
    """Of several processes one makes it, and the others wait for it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _state_of_the_code() -> str:
    if known := os.environ.get("MIGRATED_AS"):
        return known
    digest = hashlib.sha256(f"{sys.version} {sqlite3.sqlite_version}".encode())
    files = [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]
    for path in [ROOT / "requirements.txt", *files]:
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
