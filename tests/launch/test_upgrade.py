"""A small panel of an earlier version is migrated forward: its history holds, and its evidence fits, old and new."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support import servers
from tests.support.commands import ROOT, command_line
from tests.support.skips import missing

EARLIER = ROOT / "tests" / "upgrade" / "2ea1f0a"
PUBLIC_KEY = "OZhMkUAE6LkHwGp0cuN2y87ZJqzzKW+xTlXyHQoVFdA="
VERIFIER = ROOT / "connections" / "evidence" / "verify_evidence.py"
Manage = Callable[..., str]


def on_sqlite(folder: Path) -> Iterator[str]:
    with sqlite3.connect(folder / "db.sqlite3") as database:
        database.executescript((EARLIER / "sqlite.sql").read_text())
    yield f"sqlite:///{folder}/db.sqlite3"


def on_postgresql(folder: Path) -> Iterator[str]:
    try:
        with servers.postgres(*servers.FOR_TESTS) as url:
            with psycopg.connect(url) as database:
                database.execute((EARLIER / "postgresql.sql").read_bytes())
            yield url
    except servers.Missing as reason:
        missing(str(reason))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def manage(kind: str, tmp_path: Path) -> Iterator[Manage]:
    """Runs a command of today's panel, which has to end with `code`, on the earlier one's database and key."""
    shutil.copy(EARLIER / "signing.key", tmp_path / "audit_signing.key")
    for url in {"sqlite": on_sqlite, "postgresql": on_postgresql}[kind](tmp_path):
        env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_FOLDER": str(tmp_path)}
        env |= {"DATABASE_URL": url, "QUEUE_URL": f"sqlite:///{tmp_path}/queue.sqlite3"}

        def manage(*arguments: str, code: int = 0, env: dict[str, str] = env) -> str:
            return run(command_line(*arguments), env, code)

        yield manage


def run(command: list[str], env: dict[str, str], code: int = 0) -> str:
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.once
def test_what_an_earlier_version_wrote_is_verified_and_told_by_this_one(
    kind: str, manage: Manage, tmp_path: Path
) -> None:
    manage("migrate", "--verbosity", "0")
    told = manage("verify_audit", "--checkpoint", str(EARLIER / f"{kind}-checkpoints.jsonl"))
    assert "The chain holds" in told
    assert PUBLIC_KEY in told
    manage("evidence", "1", "--output", str(tmp_path / "new.zip"))
    for evidence in (EARLIER / f"{kind}-evidence.zip", tmp_path / "new.zip"):
        said = run([sys.executable, str(VERIFIER), str(evidence), "--key", PUBLIC_KEY], {**os.environ})
        assert said.startswith("OK: run 1 of admin")
