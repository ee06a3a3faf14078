"""Commands on a terminal that is not UTF-8: names are shown by their codes, and exit codes are those of the work."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.management.shell import COULD_NOT
from connections.models import Account, Connection
from tests.support.commands import ROOT, command_line, environment, manage
from tests.support.slow import slow_but

pytestmark = pytest.mark.django_db(transaction=True)

CONSOLES = (
    {"PYTHONIOENCODING": "ascii"},
    {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
)


def said_by(ended: subprocess.CompletedProcess[bytes]) -> str:
    said = (ended.stdout + ended.stderr).decode("ascii")
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("console", slow_but(CONSOLES[:1], CONSOLES))
def test_a_name_that_the_terminal_can_not_show_ends_no_command(console: dict[str, str]) -> None:
    Account.objects.update(name="Kühlhaus ✓")
    for name in ("REMOTEIT_USERNAME", "REMOTEIT_PASSWORD"):
        console = {**console, name: ""}
    ended = manage("sync", **console)
    assert ended.returncode == 1, ended
    assert "K\\xfchlhaus \\u2713: " in said_by(ended)


@pytest.mark.slow
def test_what_would_be_stopped_is_listed(alice: User, account: Account) -> None:
    Connection.objects.create(
        account=account,
        device_address="80:00:00:00:01:00:40:C5",
        connection_id="A481EBED-C678-4DA4-60D2-60F1FE8EB5DA",
        device_name="Tür №5",
        known_by="imported",
    )
    command = ("stop_connections", "--user", "alice", "--reason", "leak", "--all-active", "--dry-run")
    ended = manage(*command, **CONSOLES[0])
    assert (ended.returncode, "T\\xfcr" in said_by(ended)) == (0, True), ended


@pytest.mark.slow
def test_an_export_stays_exact(db: None) -> None:
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), facts={"text": "Žák"})])
    ended = manage("export_audit", "--format", "jsonl", **CONSOLES[0])
    assert json.loads(ended.stdout.decode("utf-8").splitlines()[0])["text"] == "Žák"


@pytest.mark.parametrize("command", slow_but(["verify_audit"], ["verify_audit", "status"]))
def test_what_could_not_be_told_is_no_no(command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            command_line(command), cwd=ROOT, env=environment(), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (ended.returncode, b"Traceback" in ended.stderr) == (COULD_NOT, False), ended.stderr
    assert b"could not be written: [Errno 28]" in ended.stderr
