from __future__ import annotations

import io
import json
import os
import pwd
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from connections.models import AuditEvent, Connection
from tests.support.commands import manage

HEADER = "device_address,connection_id\n"
GOOD = "80:00:00:00:01:00:40:C5,A481EBED-C678-4DA4-60D2-60F1FE8EB5DA\n"
BAD = "80:00,A481\n"


@pytest.fixture
def list_csv(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(HEADER + GOOD)
    return path


@pytest.mark.django_db
def test_it_imports_a_file_and_says_how_many(list_csv: Path) -> None:
    out = io.StringIO()
    call_command("import_connections", list_csv, stdout=out)
    assert out.getvalue() == "1 added, 0 known already, 0 left out.\n"
    assert Connection.objects.count() == 1


@pytest.mark.django_db
def test_the_history_names_the_system_user_and_no_person(list_csv: Path) -> None:
    call_command("import_connections", list_csv, stdout=io.StringIO())
    body = json.loads(AuditEvent.objects.get().body)
    assert (body["origin"], body["system_user"]) == ("command", pwd.getpwuid(os.getuid()).pw_name)
    assert (body["file"], "actor" in body) == ("list.csv", False)


@pytest.mark.django_db
def test_bad_rows_are_listed_by_line(list_csv: Path) -> None:
    list_csv.write_text(HEADER + BAD + GOOD + "x\n")
    err = io.StringIO()
    with pytest.raises(CommandError, match="Nothing was imported") as error:
        call_command("import_connections", list_csv, stderr=err)
    assert error.value.returncode == 2
    assert [line.split(":")[0] for line in err.getvalue().splitlines()] == ["line 2", "line 4"]


@pytest.mark.django_db
def test_with_skip_bad_some_left_out_is_exit_code_1(list_csv: Path) -> None:
    list_csv.write_text(HEADER + BAD + GOOD)
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_connections", list_csv, skip_bad=True, stdout=out, stderr=err)
    assert ended.value.code == 1
    assert out.getvalue() == "1 added, 0 known already, 1 left out.\n"
    assert err.getvalue().startswith("line 2: ")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_opened_is_wrong_use(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="can't be read") as error:
        call_command("import_connections", tmp_path / name)
    assert error.value.returncode == 2


@pytest.mark.django_db(transaction=True)
def test_it_reads_standard_input() -> None:
    ended = manage("import_connections", "-", stdin=(HEADER + GOOD).encode())
    assert (ended.returncode, ended.stdout) == (0, b"1 added, 0 known already, 0 left out.\n")
    assert Connection.objects.count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["-"], HEADER + BAD, 2),
        (["-", "--skip-bad"], HEADER + BAD, 2),
        (["-", "--skip-bad"], HEADER + BAD + GOOD, 1),
        ([], "", 2),
        (["--help"], "", 0),
    ],
)
def test_its_exit_code(arguments: list[str], stdin: str, code: int) -> None:
    assert manage("import_connections", *arguments, stdin=stdin.encode()).returncode == code
