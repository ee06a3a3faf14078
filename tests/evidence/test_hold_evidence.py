"""The evidence of a hold: one file that holds all of it and checks itself."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command

from connections.audit.origin import Origin
from connections.evidence import verify_hold
from connections.evidence.verify_evidence import DoesNotFit
from connections.holds.begin import Wish, begin
from connections.holds.wishes import withdraw
from connections.models import Connection, Hold
from connections.models.holding.holds import Level

pytestmark = pytest.mark.django_db(transaction=True)
WEB = Origin("web")


@pytest.fixture
def file(alice: User, make_connection: Callable[..., Connection], tmp_path: Path) -> Path:
    """The evidence of a hold that began, had a run, and was ended."""
    alice.user_permissions.add(Permission.objects.get(codename="hold_recut"))
    lead = User.objects.get(pk=alice.pk)
    make_connection()
    hold = begin(lead, Wish(Level.RECUT, "laptop stolen"), Connection.objects.all(), WEB)
    withdraw(Hold.objects.get(pk=hold.pk), lead, "key replaced", WEB)
    path = tmp_path / "evidence.zip"
    call_command("evidence", hold=hold.pk, output=path)
    return path


def test_it_holds_the_lines_of_the_hold_and_the_evidence_of_its_runs(file: Path) -> None:
    hold = verify_hold.check(verify_hold.read_files(file))
    assert [line["action"] for line in hold["lines"] if line["action"].startswith("hold.")] == [
        "hold.requested",
        "hold.ended",
    ]
    assert len(hold["runs"]) == 1


@pytest.mark.parametrize("name", ["hold.json", "hold.txt", "runs/evidence-run-{run}.zip"])
def test_whatever_is_changed_in_it_is_found(file: Path, name: str) -> None:
    files = verify_hold.read_files(file)
    run = verify_hold.check(files)["runs"][0]
    name = name.format(run=run)
    with pytest.raises(DoesNotFit):
        verify_hold.check({**files, name: files[name] + b" "})


def test_a_line_that_was_left_out_is_found(file: Path) -> None:
    files = verify_hold.read_files(file)
    del files["hold.txt"]
    with pytest.raises(DoesNotFit):
        verify_hold.check(files)


def test_the_scripts_that_check_it_are_in_it(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        assert {"verify_hold.py", "verify_evidence.py"} <= {*archive.namelist()}
