"""What a PostgreSQL is asked for: its own options, and an end to whoever is frozen in a transaction."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.db import connection

from tests.commands import ROOT

SHOW = "from remoteit_admin.settings import DATABASES; print(DATABASES['default']['OPTIONS'])"


def options(url: str) -> str:
    env = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "x" * 50}
    return subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, env=env, check=True, capture_output=True
    ).stdout.decode()


def test_the_url_s_own_options_are_kept() -> None:
    assert "'sslmode': 'require'" in options("postgres://panel@db.example/panel?sslmode=require")


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL's own settings")
@pytest.mark.django_db
def test_who_is_frozen_in_a_transaction_holds_nobody_up_for_long() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("20s",)
