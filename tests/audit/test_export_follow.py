"""`export_audit --follow`: new lines as they come, for a collector of logs, which can go on where it stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import AuditEvent
from tests.support.commands import ROOT, command_line, environment

pytestmark = pytest.mark.django_db(transaction=True)


def tell(*texts: str) -> None:
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), facts={"text": text}) for text in texts])


@contextmanager
def following(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command_line("export_audit", "--follow", "--format", "jsonl", *arguments),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def next_text(process: subprocess.Popen[bytes]) -> str:
    """The text of the next line that is one of the test's own."""
    assert process.stdout is not None
    while line := process.stdout.readline():
        if "text" in (found := json.loads(line)):
            return str(found["text"])
    raise AssertionError(f"it ended with {process.wait()}")


def texts_in(path: Path) -> list[str]:
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [line["text"] for line in lines if "text" in line]


def wait_until_in(path: Path, text: str) -> None:
    until = time.monotonic() + 60
    while text not in texts_in(path):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


def test_it_writes_what_is_there_and_what_comes() -> None:
    tell("before")
    with following() as process:
        assert next_text(process) == "before"
        tell("one", "two")
        assert next_text(process) == "one"
        assert next_text(process) == "two"


@pytest.mark.slow
def test_it_ends_at_a_signal_after_a_whole_line() -> None:
    tell("before")
    with following() as process:
        next_text(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert all(json.loads(line)["seq"] for line in process.stdout.read().splitlines())


def test_it_goes_on_after_the_line_that_one_has() -> None:
    tell("old", "known", "new")
    with following("--since-seq", "2") as process:
        assert next_text(process) == "new"


def test_it_leaves_a_line_that_somebody_follows() -> None:
    with following() as process:
        assert process.stdout is not None
        line: dict[str, Any] = json.loads(process.stdout.readline())
    assert (line["action"], line["follow"], line["origin"]) == ("history.exported", True, "command")
    assert line["system_user"]


def test_a_file_is_appended_to_and_may_be_moved_away(tmp_path: Path) -> None:
    path, moved = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    tell("one")
    with following("--output", str(path)):
        wait_until_in(path, "one")
        path.rename(moved)
        tell("two")
        wait_until_in(path, "two")
    assert (texts_in(moved), texts_in(path)) == (["one"], ["two"])


def test_a_csv_file_gets_its_header_once(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    tell("one")
    call_command("export_audit", format="csv", output=str(path))
    call_command("export_audit", format="csv", output=str(path), since_seq=1)
    first, *rest = path.read_text().splitlines()
    assert first.startswith("seq,at,actor")
    assert [line.split(",")[0] for line in rest] == ["1", "2"]


def test_an_export_by_command_is_told_with_its_filter() -> None:
    tell("one", "two")
    call_command("export_audit", format="jsonl", output="/dev/null", since_seq=1)
    line = json.loads(AuditEvent.objects.get(action="history.exported").body)
    assert (line["count"], line["filter"], line["origin"]) == (1, {"since_seq": 1}, "command")
    assert "follow" not in line


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"since_seq": 7}, "--since-seq: There is no line 7; the last is 0."),
        ({"since_seq": -1}, "--since-seq: There is no line -1"),
        ({"output": "/nowhere/audit.jsonl"}, "/nowhere/audit.jsonl can't be written: No such file or directory."),
    ],
)
def test_what_can_not_be_is_wrong_use(options: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError) as error:
        call_command("export_audit", format="jsonl", **options)
    assert (error.value.returncode, str(error.value).startswith(says)) == (2, True)
    assert not AuditEvent.objects.exists()
