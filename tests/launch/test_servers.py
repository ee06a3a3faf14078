"""The throw-away PostgreSQL and Redis of a test run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis as redis_client

from tests.support import servers
from tests.support.skips import missing

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
SHOW = "import os; print(os.environ['DATABASE_URL'], os.environ['QUEUE_URL'], flush=True)"


@pytest.fixture
def installed():
    try:
        servers.postgres_program("initdb")
    except servers.Missing as reason:
        missing(str(reason))
    if shutil.which("redis-server") is None:
        missing("redis-server")


@pytest.fixture
def folder():
    # Not pytest's tmp_path: PostgreSQL's user couldn't enter it, and the path of a socket has to be short.
    path = Path(tempfile.mkdtemp(prefix="panel-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def beside(*command, **more):
    arguments = [sys.executable, "-m", "tests.support.servers", "--", *command]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def refuses(url):
    try:
        psycopg.connect(url.replace("postgres://", "postgresql://")).close()
    except psycopg.OperationalError:
        return True
    return False


@pytest.mark.slow
def test_it_gives_a_role_that_is_no_superuser_and_may_create_databases(installed):
    with servers.postgres() as url, psycopg.connect(url) as connection:
        query = "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(query).fetchone() == (False, True)


def test_it_gives_a_redis_that_answers(installed):
    with servers.redis() as url:
        client = redis_client.from_url(url)
        assert client.ping()
        client.close()


@pytest.mark.slow
def test_it_ends_with_the_exit_code_of_the_command(installed):
    process = beside(sys.executable, "-c", "raise SystemExit(7)")
    process.communicate()
    assert process.returncode == 7


@pytest.mark.slow
def test_it_stops_the_servers_and_removes_their_folders(installed, folder):
    process = beside(sys.executable, "-c", SHOW, env={**os.environ, "TMPDIR": str(folder)})
    database = process.communicate()[0].split()[0]
    assert refuses(database)
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_it_cleans_up_when_it_is_told_to_end(installed, folder):
    wait = SHOW + "; import time; time.sleep(60)"
    process = beside(sys.executable, "-c", wait, env={**os.environ, "TMPDIR": str(folder)})
    database = process.stdout.readline().split()[0]
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert refuses(database)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_it_says_what_is_missing_and_fails_only_in_ci(folder, ci, code):
    process = beside("true", env={**os.environ, "PATH": str(folder), "CI": ci})
    shown = process.communicate()[1]
    assert process.returncode == code
    assert "missing:" in shown
