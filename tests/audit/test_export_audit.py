from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction

from connections.audit.append import GENESIS, Entry, append
from connections.audit.origin import Origin
from connections.models import AuditEvent, Connection, StopRun
from tests.support.commands import ROOT, command_line, environment, manage
from tests.support.slow import slow_but

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def write(**facts: Any) -> None:
    places = {name: facts.pop(name) for name in ("actor", "connection", "run", "at") if name in facts}
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), facts=facts, **places)])


def exported(**options: Any) -> str:
    out = io.StringIO()
    call_command("export_audit", **{"format": "jsonl", **options}, stdout=out)
    return out.getvalue()


def objects(**options: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(**options).splitlines()]


def table(**options: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(format="csv", **options), newline="")))


def test_each_line_can_be_verified_by_a_stranger(alice: User) -> None:
    write(actor=alice, reason="Kühlhaus „5“")
    write(reason="two\nlines")
    prev_hash = GENESIS
    for line in objects():
        body = {name: value for name, value in line.items() if name not in ("seq", "prev_hash", "hash")}
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert line["prev_hash"] == prev_hash
        assert line["hash"] == hashlib.sha256((prev_hash + digest).encode()).hexdigest()
        prev_hash = line["hash"]


def test_the_lines_come_oldest_first() -> None:
    for _ in range(3):
        write()
    assert [line["seq"] for line in objects()] == [1, 2, 3]


def test_what_has_no_meaning_is_absent() -> None:
    write(reason="")
    assert set(objects()[0]) == {"seq", "prev_hash", "hash", "at", "action", "origin"}


def test_one_person_s_lines(alice: User, bob: User) -> None:
    write(actor=alice)
    write(actor=bob)
    assert [line["actor"] for line in objects(user="bob")] == ["bob"]


def test_one_run_s_lines(alice: User) -> None:
    run = StopRun.objects.create(user=alice, user_name="alice")
    write(run=run)
    write()
    assert [line["run_id"] for line in objects(run=run.pk)] == [run.pk]


@pytest.mark.parametrize("since", ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00"])
def test_lines_from_a_time_on(since: str) -> None:
    write(at=NOON.replace(hour=11))
    write(at=NOON)
    write(at=NOON.replace(hour=13))
    assert [line["seq"] for line in objects(since=since)] == [2, 3]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"user": "mallory"}, "There is no user “mallory”."),
        ({"run": 4711}, "There is no run 4711."),
        ({"run": 10**30}, "There is no run 1000000000000000000000000000000."),
        ({"since": "yesterday"}, "--since: A time is ISO 8601 with its offset"),
        ({"since": "2026-03-01T12:00:00"}, "--since: A time is ISO 8601 with its offset"),
    ],
)
def test_a_filter_that_names_nothing_is_wrong_use(options: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError) as error:
        exported(**options)
    assert (error.value.returncode, str(error.value).startswith(says)) == (2, True)


def test_csv_has_the_same_lines(alice: User, make_connection: Callable[..., Connection]) -> None:
    connection = make_connection()
    write(actor=alice, connection=connection, reason='two\nlines, and a “quote"', attempt=2)
    write()
    first, second = table()
    assert (first["seq"], first["actor"], first["connection_id"]) == ("1", "alice", connection.connection_id)
    assert (first["reason"], first["attempt"]) == ('two\nlines, and a “quote"', "2")
    assert (second["actor"], second["hash"]) == ("", AuditEvent.objects.get(seq=2).hash)


def test_csv_keeps_the_fields_it_has_no_column_for() -> None:
    write(file="list.csv", count=3)
    assert json.loads(table()[0]["more"]) == {"count": 3, "file": "list.csv"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_disarms_what_a_spreadsheet_would_take_for_a_formula(start: str) -> None:
    write(reason=f"{start}HYPERLINK(1)")
    assert table()[0]["reason"] == f"'{start}HYPERLINK(1)"


def test_jsonl_leaves_such_a_text_as_it_is() -> None:
    write(reason="=HYPERLINK(1)")
    assert objects()[0]["reason"] == "=HYPERLINK(1)"


def test_csv_leaves_other_texts_and_numbers_as_they_are() -> None:
    write(reason="a=b", attempt=-1)
    assert (table()[0]["reason"], table()[0]["attempt"]) == ("a=b", "-1")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", slow_but(["csv"], ["jsonl", "csv"]))
def test_it_writes_utf8_whatever_the_terminal_speaks(kind: str) -> None:
    write(reason="Kühlhaus 東京")
    ended = subprocess.run(
        command_line("export_audit", "--format", kind),
        cwd=ROOT,
        env={**environment(), "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
    )
    assert (ended.returncode, "Kühlhaus 東京" in ended.stdout.decode()) == (0, True)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_reader_that_leaves_is_no_error_to_shout_about() -> None:
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), facts={"reason": "x" * 1000}) for _ in range(2000)])
    process = subprocess.Popen(
        command_line("export_audit", "--format", "jsonl"),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert (process.stderr.read(), process.wait(60)) == (b"", 1)
    process.stderr.close()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--format", "jsonl"], 0),
        (["--help"], 0),
        ([], 2),
        (["--format", "xml"], 2),
        (["--format", "csv", "--run", "x"], 2),
        (["--format", "csv", "--user", "mallory"], 2),
    ],
)
def test_its_exit_code(arguments: list[str], code: int) -> None:
    assert manage("export_audit", *arguments).returncode == code
