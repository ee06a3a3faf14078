"""What the panel writes is for its own user: files, and a check that names those that others can read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from connections.checks import files_are_private
from remoteit_admin.start import keep_private
from tests.support.commands import ROOT, command_line

UNITS = sorted((ROOT / "docs" / "systemd").iterdir())


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The panel's, with all that it keeps there."""
    settings.BASE_DIR = settings.DATA_FOLDER = settings.AUDIT_FOLDER = tmp_path
    settings.HUEY = {**settings.HUEY, "filename": str(tmp_path / "queue.sqlite3")}
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "db.sqlite3"}
    monkeypatch.setitem(settings.DATABASES, "default", database)
    return tmp_path


@pytest.mark.parametrize(
    "name", [".env", "db.sqlite3", "db.sqlite3-wal", "queue.sqlite3", "audit_signing.key", "sandbox.json"]
)
def test_the_check_names_what_others_can_read(folder: Path, name: str) -> None:
    (folder / name).write_text("secret")
    (folder / name).chmod(0o640)
    assert [found.msg for found in files_are_private()] == [
        f"{folder / name} can be read by other users of this machine."
    ]
    (folder / name).chmod(0o600)
    assert files_are_private() == []


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_nothing_that_is_written_can_be_read_by_others(umask: None, tmp_path: Path) -> None:
    keep_private()
    (tmp_path / "file").write_text("")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_stricter_umask_stays(umask: None) -> None:
    os.umask(0o277)
    keep_private()
    assert os.umask(0o022) == 0o277


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.once
def test_manage_py_writes_for_its_own_user_and_static_files_for_everybody(umask: None, tmp_path: Path) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": django_settings.SECRET_KEY,
        "USE_HTTPS": "off",
        "DATA_FOLDER": str(tmp_path),
        "DATABASE_URL": "sqlite:///db.sqlite3",
    }
    for arguments in (("migrate", "--verbosity", "0"), ("collectstatic", "--noinput", "--verbosity", "0")):
        subprocess.run(command_line(*arguments), cwd=ROOT, env=env, check=True)
    static = tmp_path / "staticfiles"
    assert modes(static) == {0o644}
    assert static.stat().st_mode & 0o777 == 0o755
    others = [path for path in tmp_path.iterdir() if path.is_file()]
    assert {path.name for path in others} >= {"db.sqlite3"}
    assert {path.stat().st_mode & 0o777 for path in others} == {0o600}


@pytest.mark.slow
def test_gunicorn_s_workers_write_for_their_own_user(umask: None) -> None:
    code = "import remoteit_admin.wsgi, os; print(oct(os.umask(0)))"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "0o77\n"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_keeps_its_files_private_and_apart_from_the_code(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    for line in (
        "UMask=0077",
        "LimitCORE=0",
        "ProtectSystem=strict",
        "StateDirectory=remoteit-admin",
        "Environment=DATA_FOLDER=%S/remoteit-admin",
    ):
        assert line in lines
