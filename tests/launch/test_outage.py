"""Every command on a database or a queue that can't be used: one line in its own words, and an exit code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import DataError, IntegrityError, OperationalError

from remoteit_admin import outage
from tests.support.commands import ROOT, command_line
from tests.support.panels import GUNICORN
from tests.support.servers import free_port

NOT_MIGRATED = "The database has not the tables of this version: run `python manage.py migrate`.\n"
COMMANDS = [
    "worker",
    "sync",
    "export_audit --format jsonl",
    "stop_connections --user alice --reason test --all-active",
    "import_connections -",
    "evidence 1",
    "rotate_credentials",
    "createsuperuser --noinput --username a --email a@panel.example",
    "changepassword a",
]


def environment(folder: Path, **variables: str) -> dict[str, str]:
    places = {"DATABASE_URL": f"sqlite:///{folder}/db.sqlite3", "QUEUE_URL": f"sqlite:///{folder}/queue.sqlite3"}
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **places, **variables}


def run(folder: Path, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """The end of `command` on an empty database in `folder`, or on what `variables` name instead."""
    env = environment(folder, **variables)
    return subprocess.run(command, cwd=ROOT, env=env, input="", capture_output=True, text=True, timeout=60, check=False)


def ended(folder: Path, arguments: str, **variables: str) -> tuple[int, str]:
    done = run(folder, command_line(*arguments.split()), **variables)
    return done.returncode, done.stderr


def away(port: int) -> str:
    return f"postgres://panel:s3cret@127.0.0.1:{port}/panel"


def test_a_worker_without_tables_says_what_to_run(tmp_path: Path) -> None:
    assert ended(tmp_path, "worker") == (1, NOT_MIGRATED)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_without_tables_says_what_to_run(tmp_path: Path, command: str) -> None:
    assert ended(tmp_path, command) == (1, NOT_MIGRATED)


@pytest.mark.parametrize(
    "command", ["worker", *(pytest.param(one, marks=pytest.mark.slow) for one in ("migrate", *COMMANDS[1:]))]
)
def test_a_database_that_is_away_is_told_in_one_line(tmp_path: Path, command: str) -> None:
    code, said = ended(tmp_path, command, DATABASE_URL=away(free_port()))
    assert code == 1
    assert said.startswith("The database can't be used: connection failed: ")
    assert said.count("\n") == 1
    assert "s3cret" not in said


@pytest.mark.slow
def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("remember the milk\n" * 100)
    place = f"sqlite:///{tmp_path}/notes.txt"
    assert ended(tmp_path, "worker", DATABASE_URL=place) == (1, "The database can't be used: file is not a database\n")
    assert ended(tmp_path, "worker", QUEUE_URL=place) == (1, "The queue can't be used: file is not a database\n")


@pytest.mark.slow
def test_a_queue_that_is_away_is_told_in_one_line(tmp_path: Path) -> None:
    for program in (command_line("worker"), GUNICORN):
        done = run(tmp_path, program, QUEUE_URL=away(free_port()), PORT=str(free_port()))
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert done.stderr.startswith("The queue can't be used: connection failed: ")


@pytest.mark.slow
def test_a_worker_waits_for_redis_and_tells_it_in_one_line(tmp_path: Path) -> None:
    run(tmp_path, command_line("migrate", "--verbosity", "0"))
    away = f"redis://:s3cret@127.0.0.1:{free_port()}/0"
    env = environment(tmp_path, QUEUE_URL=away)
    with subprocess.Popen(command_line("worker"), cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as worker:
        time.sleep(10)
        worker.terminate()
        told = worker.stderr.read() if worker.stderr else ""
    assert (worker.returncode, told.count("\n")) == (0, 1)
    assert "The queue can't be used: Error 111 connecting to 127.0.0.1:" in told


@pytest.mark.slow
def test_django_s_own_option_shows_where_it_failed(tmp_path: Path) -> None:
    code, said = ended(tmp_path, "sync --traceback")
    assert code == 1
    assert "Traceback" in said


@pytest.mark.slow
def test_make_run_says_the_same(tmp_path: Path) -> None:
    prepare = "from remoteit_admin.launch import first_start; first_start.prepare()"
    done = run(tmp_path, [sys.executable, "-c", prepare], DATABASE_URL=away(free_port()))
    assert "LaunchError: The database can't be used: connection failed: " in done.stderr


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [IntegrityError("twice"), DataError("too long"), KeyError("name")])
def test_an_error_of_the_program_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)), outage.told():
        raise error


@pytest.mark.django_db(transaction=True)
def test_what_the_database_says_becomes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending, outage.told():
        raise OperationalError("canceling statement\n  due to statement timeout")
    assert ending.value.code == 1
    said = "The database can't be used: canceling statement due to statement timeout\n"
    assert capsys.readouterr().err == said
