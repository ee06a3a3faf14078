"""How the dumps beside this were made: by the code of the commit that their folder is named after, in its checkout.

cd CHECKOUT && DJANGO_SETTINGS_MODULE=tests.settings python THIS_FILE FOLDER
"""

# ruff: noqa: I001 - the imports are those of CHECKOUT

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, os.getcwd())

from connections.sandbox.seed import connectable, opener  # type: ignore[import-not-found] # where it was in CHECKOUT

from connections.sandbox import FaultRule, Sandbox
from tests import servers
from tests.panels import Panel, until

SIGNING_KEY = "dXBncmFkZS10ZXN0cy1vbmx5LTMyLWJ5dGVzLWtleSE="


def make(home: Path, database_url: str) -> tuple[Path, Path]:
    """A small history: a run with odd answers, a second one, lists, verdicts. Returns checkpoints, evidence."""
    with Sandbox(connections=12, seed=7) as remoteit:
        panel = Panel(home, remoteit, database_url, f"sqlite:///{home}/queue.sqlite3")
        (home / "audit_signing.key").write_text(SIGNING_KEY)
        panel.environment["STOP_MAX_ATTEMPTS"] = "2"
        panel.manage("sync")
        for kind in ("false_reason", "reset_after", "empty"):
            remoteit.faults.add(FaultRule(kind, times=1))
        with panel.worker():
            run = panel.stop_all()
            until(lambda: len(panel.outcomes(run)) >= 12)
            remoteit.call(open_three, remoteit.server.world)
            until(lambda: '"verdict":' in panel.manage("export_audit", "--format", "jsonl"))
            panel.manage("sync")
            panel.stop_all()
            until(lambda: (home / "checkpoints.jsonl").exists())
        panel.manage("evidence", str(run), "--output", str(home / "evidence.zip"))
        print(panel.manage("verify_audit"))
        print(sorted(panel.outcomes(run).values()))
    return home / "checkpoints.jsonl", home / "evidence.zip"


def open_three(world: Any) -> None:
    services = [one for one in world.services.values() if connectable(one)]
    for number in range(3):
        world.open(services[number].address, opener(world.random))


def main() -> None:
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        kept = make(home, f"sqlite:///{home}/db.sqlite3")
        keep("sqlite", target, kept)
        (target / "signing.key").write_text(SIGNING_KEY)
        (target / "sqlite.sql").write_text("\n".join(sqlite3.connect(home / "db.sqlite3").iterdump()) + "\n")
    with tempfile.TemporaryDirectory() as folder, servers.postgres() as url:
        kept = make(Path(folder), url)
        keep("postgresql", target, kept)
        command = [servers.postgres_program("pg_dump"), "--no-owner", "--no-privileges", "--inserts", url]
        dumped = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        # What psql alone understands goes, so that any client can load it.
        (target / "postgresql.sql").write_text("\n".join(one for one in dumped if not one.startswith("\\")) + "\n")


def keep(database: str, target: Path, files: tuple[Path, Path]) -> None:
    for file in files:
        shutil.copy(file, target / f"{database}-{file.name}")


if __name__ == "__main__":
    main()
