"""A follower of the history that is ended or killed, or whose file is moved away: nothing lost, nothing twice."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import AuditEvent, AuditHead
from tests.support.commands import ROOT, command_line, environment, manage
from tests.support.slow import slow_but

pytestmark = pytest.mark.django_db(transaction=True)
NASTY = 'a "quote",\r\n2,a line that looks like one\nend'


def tell(count: int, text: str = NASTY) -> None:
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), facts={"reason": text}) for _ in range(count)])


def start(path: Path, form: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command_line("export_audit", "--follow", "--format", form, "--output", str(path)),
        cwd=ROOT,
        env=environment(),
        stderr=subprocess.PIPE,
    )


def numbers(path: Path, form: str) -> list[int]:
    """The numbers of the lines in the file. Raises when one of them is not whole."""
    text = path.read_bytes().decode()
    if form == "csv":
        return [int(row["seq"]) for row in csv.DictReader(io.StringIO(text, newline=""), strict=True) if row["hash"]]
    return [json.loads(line)["seq"] for line in text.splitlines()]


def wait_for(path: Path, form: str, last: int | None = None) -> None:
    """Wait until the file's last line is the history's last, or `last`."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if numbers(path, form)[-1:] == [last or AuditHead.objects.get().seq]:
                return
        except (OSError, ValueError, csv.Error):
            pass  # it is being written
        time.sleep(0.05)
    raise AssertionError("it did not come")


def end(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> str:
    process.send_signal(number)
    said = process.communicate(timeout=30)[1].decode()
    assert process.returncode == (0 if number == signal.SIGTERM else -number), said
    return said


def all_of_it() -> list[int]:
    return list(AuditEvent.objects.order_by("seq").values_list("seq", flat=True))


def follow_once(path: Path, form: str) -> str:
    process = start(path, form)
    try:
        before = AuditHead.objects.get().seq
        while AuditHead.objects.get().seq == before:  # until it has left its own line
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        wait_for(path, form)
    finally:
        said = end(process)
    return said


@pytest.mark.parametrize("form", slow_but(["csv"], ["jsonl", "csv"]))
def test_a_follower_that_is_started_again_goes_on_where_it_was(tmp_path: Path, form: str) -> None:
    path = tmp_path / "audit"
    tell(3)
    follow_once(path, form)
    tell(3)
    assert follow_once(path, form) == f"{path} has the lines up to 4; going on after that.\n"
    assert numbers(path, form) == all_of_it()


TORN: dict[str, Callable[[bytes], bytes]] = {
    "in the middle": lambda content: content[:-40],
    "before the line's end": lambda content: content.rstrip(),
    "not at all": lambda content: content,
    "at a line's end within a cell": lambda content: content[: content.rindex(b"\n2,a") + 1],
}


@pytest.mark.parametrize(
    ("form", "torn"),
    slow_but(
        [("csv", "at a line's end within a cell")],
        [*(("csv", torn) for torn in TORN), *(("jsonl", torn) for torn in [*TORN][:3])],
    ),
)
def test_a_torn_line_comes_again_whole(tmp_path: Path, form: str, torn: str) -> None:
    path = tmp_path / "audit"
    tell(3)
    call_command("export_audit", format=form, output=str(path))
    path.write_bytes(TORN[torn](path.read_bytes()))
    follow_once(path, form)
    assert numbers(path, form) == all_of_it()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_kills_at_any_moment_lose_and_double_nothing(tmp_path: Path, form: str) -> None:
    path, moment = tmp_path / "audit", random.Random(form)
    tell(2000)
    for _ in range(4):
        process = start(path, form)
        while not path.exists() or (path.stat().st_size < 1000 and process.poll() is None):
            time.sleep(0.01)
        time.sleep(moment.random() / 4)
        tell(50)
        end(process, signal.SIGKILL)
    follow_once(path, form)
    assert numbers(path, form) == all_of_it()


@pytest.mark.slow
def test_each_table_that_rotation_begins_has_its_header(tmp_path: Path) -> None:
    path, moved = tmp_path / "audit.csv", tmp_path / "audit.csv.1"
    tell(1)
    process = start(path, "csv")
    try:
        wait_for(path, "csv", 2)
        path.rename(moved)
        tell(1)
        wait_for(path, "csv", 3)
    finally:
        end(process)
    assert (numbers(moved, "csv"), numbers(path, "csv")) == ([1, 2], [3])


@pytest.mark.parametrize("content", ["my notes\n", '{"seq":1}\n', '{"seq":1,"hash":"0"}\n', "[]\n", "{}\n", "no end"])
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, form: str, content: str) -> None:
    path = tmp_path / "audit"
    path.write_text(content)
    tell(1)
    with pytest.raises(CommandError, match="does not end with a line of this history") as error:
        call_command("export_audit", format=form, output=str(path), follow=True)
    assert (error.value.returncode, path.read_text()) == (2, content)
    assert not AuditEvent.objects.filter(action="history.exported").exists()


def test_a_full_disk_is_told_in_words() -> None:
    tell(500)
    ended = manage("export_audit", "--format", "jsonl", "--output", "/dev/full")
    assert (ended.returncode, ended.stderr.decode()) == (
        1,
        "CommandError: /dev/full can't be written: No space left on device.\n",
    )


@pytest.mark.both
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is never away")
def test_it_waits_for_a_database_that_is_away(tmp_path: Path) -> None:
    path, name = tmp_path / "audit", connection.settings_dict["NAME"]
    tell(1)
    process = start(path, "jsonl")
    try:
        wait_for(path, "jsonl", 2)
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
            other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                other.execute(others, [name, cursor.fetchone()[0]])
            assert process.stderr is not None
            assert process.stderr.readline().startswith(b"The database does not answer; waiting for it: ")
            other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        tell(1)
        wait_for(path, "jsonl", 3)
    finally:
        end(process)
    assert numbers(path, "jsonl") == all_of_it()
