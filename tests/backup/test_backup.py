"""A backup is a panel in one file: it comes back whole, of either database and of an earlier version, or not at all."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support import servers
from tests.support.commands import ROOT, command_line
from tests.support.skips import missing

EARLIER = ROOT / "tests" / "upgrade" / "2ea1f0a"
Manage = Callable[..., str]


def panel(folder: Path, database_url: str) -> Manage:
    """A panel of today's code: runs a command of it, which has to end with `code`; returns all that it said."""
    folder.mkdir(exist_ok=True)
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_FOLDER": str(folder)}
    env |= {"DATABASE_URL": database_url, "QUEUE_URL": f"sqlite:///{folder}/queue.sqlite3"}

    def manage(*arguments: str, code: int = 0, **variables: str) -> str:
        done = subprocess.run(
            command_line(*arguments),
            cwd=ROOT,
            env={**env, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return manage


def on_sqlite(folder: Path) -> Iterator[tuple[str, str]]:
    with sqlite3.connect(folder / "old.sqlite3") as database:
        database.executescript((EARLIER / "sqlite.sql").read_text())
    yield f"sqlite:///{folder}/old.sqlite3", f"sqlite:///{folder}/new.sqlite3"


def on_postgresql(folder: Path) -> Iterator[tuple[str, str]]:
    try:
        with servers.postgres(*servers.FOR_TESTS) as url:
            with psycopg.connect(url) as database:
                database.execute((EARLIER / "postgresql.sql").read_bytes())
            with psycopg.connect(url, autocommit=True) as database:
                database.execute("CREATE DATABASE fresh")
            yield url, f"{url.rpartition('/')[0]}/fresh"
    except servers.Missing as reason:
        missing(str(reason))


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def two(kind: str, tmp_path: Path) -> Iterator[tuple[Manage, Manage]]:
    """A panel whose database an earlier version wrote, and one whose database is empty, with the same keys."""
    for old, new in {"sqlite": on_sqlite, "postgresql": on_postgresql}[kind](tmp_path):
        folders = tmp_path / "old", tmp_path / "new"
        for folder in folders:
            folder.mkdir()
            shutil.copy(EARLIER / "signing.key", folder / "audit_signing.key")
        shutil.copy(EARLIER / f"{kind}-checkpoints.jsonl", folders[0] / "checkpoints.jsonl")
        yield panel(folders[0], old), panel(folders[1], new)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """A backup of a panel of SQLite that an earlier version wrote, and the folder of it."""
    old, _new = next(on_sqlite(tmp_path))
    panel(tmp_path / "old", old)("backup", str(tmp_path / "panel.zip"))
    return tmp_path / "panel.zip", tmp_path


@pytest.mark.slow
@pytest.mark.once
def test_a_panel_of_an_earlier_version_comes_back_up_to_date_and_its_history_holds(
    two: tuple[Manage, Manage], tmp_path: Path
) -> None:
    old, new = two
    old("backup", str(tmp_path / "panel.zip"))
    said = new("restore", str(tmp_path / "panel.zip"), "--verify")
    assert "The chain holds" in said
    assert "checkpoints.jsonl" in "".join(path.name for path in (tmp_path / "new").iterdir())
    new("migrate", "--check")
    lines = [json.loads(line) for line in new("export_audit", "--format", "jsonl").splitlines()]
    assert [line["action"] for line in lines[-2:]] == ["backup.made", "backup.restored"]


@pytest.mark.slow
@pytest.mark.once
def test_a_database_that_holds_something_is_not_overwritten(two: tuple[Manage, Manage], tmp_path: Path) -> None:
    old, _new = two
    old("backup", str(tmp_path / "panel.zip"))
    assert "holds something already" in old("restore", str(tmp_path / "panel.zip"), code=2)


@pytest.mark.slow
def test_of_two_restores_at_once_one_is_done(made: tuple[Path, Path]) -> None:
    file, folder = made
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_FOLDER": str(folder / "old")}
    env |= {"DATABASE_URL": f"sqlite:///{folder}/new.sqlite3", "QUEUE_URL": f"sqlite:///{folder}/queue.sqlite3"}
    both = [subprocess.Popen(command_line("restore", str(file)), cwd=ROOT, env=env) for _ in range(2)]
    assert sorted(one.wait(120) for one in both) in ([0, 2], [1, 2])  # 1: a key is not here, and is named


@pytest.mark.slow
def test_a_file_that_was_changed_is_not_restored(made: tuple[Path, Path]) -> None:
    file, folder = made
    changed = folder / "changed.zip"
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content + b"x" if name.startswith("database") else content)
    new = panel(folder / "new", f"sqlite:///{folder}/new.sqlite3")
    assert "is not what was saved" in new("restore", str(changed), code=2)
    assert "is no backup" in new("restore", str(EARLIER / "sqlite.sql"), code=2)


@pytest.mark.slow
def test_a_backup_is_private_overwrites_nothing_and_holds_no_key(made: tuple[Path, Path]) -> None:
    file, folder = made
    assert file.stat().st_mode & 0o777 == 0o600
    said = panel(folder / "old", f"sqlite:///{folder}/old.sqlite3")("backup", str(file), code=2)
    assert "overwrites nothing" in said
    manifest = zipfile.ZipFile(file).read("manifest.json").decode()
    assert os.environ["CREDENTIALS_KEY"] not in manifest
    assert len(json.loads(manifest)["credentials_keys"]) == 1


@pytest.mark.slow
def test_one_of_a_newer_version_is_refused_before_anything_is_changed(made: tuple[Path, Path]) -> None:
    file, folder = made
    newer = folder / "newer.zip"
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(newer, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.json":
                manifest = json.loads(content)
                manifest["migrations"]["connections"].append("9999_of_tomorrow")
                content = json.dumps(manifest).encode()
            target.writestr(name, content)
    new = panel(folder / "new", f"sqlite:///{folder}/new.sqlite3")
    assert "newer version" in new("restore", str(newer), code=2)
    with sqlite3.connect(folder / "new.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
