"""`manage.py status`: how the panel is, for an administrator on the host."""

from __future__ import annotations

import io
import os
import subprocess
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from connections.audit import triggers
from connections.models import Account, Worker
from tests.support.commands import ROOT, command_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def well(account: Account) -> None:
    """A panel with a worker and a fresh list, whose history is protected, as `migrate` leaves it."""
    triggers.install()
    Worker.objects.create(host="box", pid=7, beat_at=Now())
    now = timezone.now()
    Account.objects.update(listed_at=now, completely_listed_at=now)


def status(code: int = 0) -> str:
    """What the command says; it has to end with `code`."""
    output, ended = io.StringIO(), 0
    try:
        call_command("status", stdout=output, stderr=output)
    except SystemExit as end:
        ended = int(str(end.code))
    assert ended == code, output.getvalue()
    return output.getvalue()


def test_a_panel_that_is_well_says_so_part_by_part(well: None) -> None:
    said = status()
    for part in ("panel", "database", "queue", "worker", "files", "triggers", "list", "history"):
        assert f"\n{part:<12} " in f"\n{said}"
    assert "box/7" in said
    assert "remoteit-admin 0.1.0, Django" in said


def test_without_a_worker_it_is_not_well(well: None) -> None:
    Worker.objects.update(ended_at=Now())
    assert "no worker gave a sign lately" in status(1)


def test_what_the_work_fails_with_is_told(well: None) -> None:
    Worker.objects.update(failure="database or disk is full")
    assert "box/7 can't go on: database or disk is full" in status(1)


def test_a_list_that_is_not_complete_is_told(well: None) -> None:
    Account.objects.update(completely_listed_at=None, list_why="HTTP 502")
    assert "default: read" in (said := status(1))
    assert "not complete: HTTP 502" in said


def test_a_list_that_nobody_reads_any_more_is_told(well: None) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    Account.objects.update(listed_at=long_ago, completely_listed_at=long_ago)
    status(1)


def test_an_account_without_credentials_is_no_trouble(well: None, settings: Settings) -> None:
    settings.REMOTEIT_USERNAME = ""
    Account.objects.update(listed_at=None)
    assert "default: " in status()


def test_a_panel_that_was_not_migrated_is_not_well_and_not_asked_further(well: None) -> None:
    [(_app, newest)] = MigrationLoader(connection).graph.leaf_nodes("connections")
    MigrationRecorder(connection).record_unapplied("connections", newest)
    said = status(1)
    assert "1 migration has not been made: python manage.py migrate" in said
    assert "worker" not in said


@pytest.mark.slow
def test_a_database_that_is_away_can_not_be_asked() -> None:
    away = "postgres://panel:secret@127.0.0.1:9/panel"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": away}
    done = subprocess.run(command_line("status"), cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("The panel could not be asked: connection")
    assert "secret" not in done.stderr
