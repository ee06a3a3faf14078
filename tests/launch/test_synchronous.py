"""What the panel calls written is on the disk: the tests' own databases lie in memory and take that lightly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import ROOT

pytestmark = pytest.mark.once

FULL = 2
ASK = """
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    for name in ("synchronous", "journal_mode"):
        print(cursor.execute(f"PRAGMA {name}").fetchone()[0])
"""


def test_the_panel_s_own_settings_have_every_commit_reach_the_disk(tmp_path: Path) -> None:
    own = {
        "DJANGO_SETTINGS_MODULE": "remoteit_admin.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "QUEUE_URL": f"sqlite:///{tmp_path}/queue.sqlite3",
    }
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, check=False
    )
    assert asked.stdout.split() == [str(FULL), "wal"], asked.stderr
