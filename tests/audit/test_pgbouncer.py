"""A panel behind pgbouncer in transaction mode, where each transaction may have another connection to PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from connections.sandbox import Sandbox
from tests.support import servers
from tests.support.books import check_attempts
from tests.support.panels import Panel, until
from tests.support.skips import installed, missing

pytestmark = [pytest.mark.slow, pytest.mark.once]
COUNT = 60


@pytest.fixture
def home() -> Iterator[Path]:
    # PostgreSQL's user couldn't enter pytest's tmp_path.
    path = Path(tempfile.mkdtemp(prefix="panel-test-"))
    yield path
    shutil.rmtree(path)


@contextmanager
def pgbouncer(home: Path, database_url: str) -> Iterator[str]:
    """A pgbouncer in front of this database, with two connections for all; yields the URL of the database behind it."""
    program = installed("pgbouncer")
    behind, port, owner = urlsplit(database_url), servers.free_port(), servers.run_as()
    config, users = home / "pgbouncer.ini", home / "users.txt"
    users.write_text(f'"{behind.username}" "{behind.password}"\n')
    config.write_text(
        f"[databases]\npanel = host=127.0.0.1 port={behind.port} dbname=panel\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
        f"auth_file = {users}\npool_mode = transaction\ndefault_pool_size = 2\nidle_transaction_timeout = 20\n"
    )
    if owner:
        for path in (home, config, users):
            os.chown(path, owner["user"], owner["group"])
    url = behind._replace(netloc=f"{behind.username}:{behind.password}@127.0.0.1:{port}").geturl()
    command = [program, str(config)]
    with servers.Server(command, home, signal.SIGINT, lambda: servers.answers(port), owner=owner):
        yield url


@pytest.fixture
def behind(home: Path) -> Iterator[str]:
    """The URL of an empty database behind pgbouncer, without a word about options."""
    folders = home / "d", home / "b"
    owner = servers.run_as()
    home.chmod(0o711)
    for folder in folders:
        folder.mkdir()
        if owner:
            os.chown(folder, owner["user"], owner["group"])
    try:
        with servers.postgres_in(folders[0]) as (url, _server), pgbouncer(folders[1], url) as pooled:
            yield pooled
    except servers.Missing as reason:
        missing(str(reason))


def test_a_run_is_sent_verified_and_exported_behind_it(behind: str, home: Path) -> None:
    with Sandbox(connections=COUNT) as sandbox:
        panel = Panel(home, sandbox, f"{behind}?options=", f"sqlite:///{home}/queue.sqlite3")
        panel.know_what_is_open()
        with panel.worker(), panel.worker():
            run = panel.stop_all()
            until(lambda: len(panel.outcomes(run)) == COUNT)
        check_attempts(panel.history(), sandbox)
        panel.manage("evidence", str(run), "--output", str(home / "evidence.zip"))
        text = panel.manage("verify_audit")
    assert "The chain holds from event 1" in text
    assert f"1 runs, their {COUNT} items" in text


def test_it_refuses_what_postgresql_is_else_asked_for(behind: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="unsupported startup parameter"):
        psycopg.connect(behind, options="-c idle_in_transaction_session_timeout=20000").close()
