"""A PostgreSQL database that can't hold every letter: refused, and survived where somebody starts on it anyway."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from connections.db.encoding import why_not_every_letter
from connections.sandbox import FaultRule, Sandbox
from tests.support import servers
from tests.support.commands import ROOT, command_line
from tests.support.panels import GUNICORN, Panel, until
from tests.support.skips import missing

WORDS = "接続は存在しません"
COUNT = 12


@pytest.mark.django_db
@pytest.mark.both
def test_every_letter_is_held_here() -> None:
    assert why_not_every_letter() == ""
    call_command("check")


@pytest.mark.django_db
@pytest.mark.both
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite holds every letter")
def test_a_narrow_connection_is_refused() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET client_encoding = 'LATIN1'")
    try:
        with pytest.raises(CommandError, match="The connection to the database has the encoding LATIN1"):
            call_command("check")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET client_encoding")


@pytest.fixture
def narrow() -> Iterator[str]:
    """The URL of an empty database of PostgreSQL that holds the letters of Western Europe."""
    try:
        with servers.postgres(*servers.FOR_TESTS) as url:
            with psycopg.connect(url, autocommit=True) as owner:
                owner.execute("CREATE DATABASE narrow ENCODING 'LATIN1' TEMPLATE template0")
            yield f"{url.rpartition('/')[0]}/narrow"
    except servers.Missing as reason:
        missing(str(reason))


class BoldPanel(Panel):
    """One whose administrator skips the checks."""

    def manage(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        return super().manage(*arguments, "--skip-checks", stdin=stdin, code=code)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return super()._start([*command, "--skip-checks"])


@pytest.mark.slow
def test_nothing_starts_on_a_narrow_database_and_who_starts_it_anyway_loses_no_answer(
    narrow: str, tmp_path: Path
) -> None:
    with Sandbox(connections=COUNT) as remoteit:
        panel = BoldPanel(tmp_path, remoteit, narrow, f"sqlite:///{tmp_path}/queue.sqlite3")
        for command in ("check", "migrate", "worker"):
            done = subprocess.run(
                command_line(command), cwd=ROOT, env=panel.environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 1
            assert "it has to be UTF8" in done.stderr
        bind = ["--bind", f"127.0.0.1:{servers.free_port()}"]
        ended = subprocess.run([*GUNICORN, *bind], cwd=ROOT, env=panel.environment, capture_output=True, check=False)
        assert ended.returncode == 2
        assert b"it has to be UTF8" in ended.stderr
        count = panel.know_what_is_open()
        remoteit.faults.add(FaultRule("false_reason", reason=WORDS, times=1))
        with panel.worker():
            stops = panel.stop_all()
            until(lambda: len(panel.outcomes(stops)) == count)
        assert Counter(panel.outcomes(stops).values()) == {"refused": 1, "stopped": count - 1}
        assert "The chain holds" in panel.manage("verify_audit")
