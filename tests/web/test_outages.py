"""What the panel stands on goes away without a word and comes back: nothing that was sent is lost, and nothing is sent
that can't be recorded."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from connections.sandbox import Sandbox
from tests.support import servers
from tests.support.books import arrived, check_attempts, of
from tests.support.panels import PASSWORD, Panel, until
from tests.support.skips import missing

pytestmark = pytest.mark.once

COUNT = 240
MORE_THAN_A_LOG_TAKES = 1_500
"""What is sent after the disk is full still fits into SQLite's log, which is used again: some hundreds."""
LATENCY_MS = 100
TOLD_WITHIN_S = 10.0
"""On a machine with nothing else to do it takes a second."""
AWAY_S = 2.5
"""Longer than any call takes, and than the tests' lease."""


@pytest.fixture
def remoteit() -> Iterator[Sandbox]:
    with Sandbox(connections=COUNT, latency_ms=LATENCY_MS) as sandbox:
        yield sandbox


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's tmp_path: PostgreSQL's user couldn't enter it, and the path of a socket has to be short.
    path = Path(tempfile.mkdtemp(prefix="panel-test-"))
    yield path
    shutil.rmtree(path)


@contextmanager
def on_servers(home: Path, remoteit: Sandbox) -> Iterator[tuple[Panel, servers.Server, servers.Server]]:
    """A panel on a PostgreSQL and a Redis of its own, and these two."""
    owner = servers.run_as()
    database_home, queue_home = home / "d", home / "q"
    for path in (database_home, queue_home):
        path.mkdir()
    if owner:
        home.chmod(0o711)
        os.chown(database_home, owner["user"], owner["group"])
    try:
        with servers.redis_in(queue_home) as (queue_url, queue), servers.postgres_in(database_home) as (url, database):
            yield Panel(home, remoteit, url, queue_url), database, queue
    except servers.Missing as reason:
        missing(str(reason))


@pytest.fixture
def panel(home: Path, remoteit: Sandbox) -> Panel:
    """A panel on SQLite."""
    return Panel(home, remoteit, f"sqlite:///{home}/db.sqlite3", f"sqlite:///{home}/queue.sqlite3")


def sent(remoteit: Sandbox) -> int:
    return arrived(remoteit).total()


def check_nothing_is_sent(remoteit: Sandbox, of: int) -> None:
    """What was announced before has been sent by now; `of` so many not all."""
    time.sleep(AWAY_S)
    before = sent(remoteit)
    time.sleep(1)
    assert before == sent(remoteit) < of, "sent what could not be recorded"


def check_all_is_over(panel: Panel, run: int, count: int) -> None:
    """Every item has its outcome, every connection is closed, and the books agree with what remote.it saw."""
    until(lambda: not panel.sandbox.world.rows("open"))  # before it starts a process for each look at the history
    until(lambda: len(panel.outcomes(run)) == count)
    assert {*panel.outcomes(run).values()} <= {"stopped", "already_gone"}
    assert panel.sandbox.world.rows("open") == []
    check_attempts(panel.history(), panel.sandbox)
    assert "The chain holds" in panel.manage("verify_audit")


@pytest.mark.slow
def test_a_database_server_that_is_killed_costs_no_answer_and_no_line(home: Path, remoteit: Sandbox) -> None:
    with on_servers(home, remoteit) as (panel, database, _queue), panel.worker(), panel.worker():
        count = panel.know_what_is_open()
        run = panel.stop_all()
        for share in (0.2, 0.5):
            until(lambda least=count * share: sent(remoteit) > least)
            database.kill()
            check_nothing_is_sent(remoteit, count)
            database.start()
        check_all_is_over(panel, run, count)


@pytest.mark.slow
def test_a_queue_server_that_is_away_holds_up_nothing(home: Path, remoteit: Sandbox) -> None:
    with on_servers(home, remoteit) as (panel, _database, queue), panel.worker():
        queue.kill()
        count = panel.know_what_is_open()
        run = panel.stop_all()
        check_all_is_over(panel, run, count)
        queue.start()


@pytest.mark.slow
def test_a_full_disk_stops_the_sending_and_room_lets_it_go_on(home: Path) -> None:
    with (
        Sandbox(connections=MORE_THAN_A_LOG_TAKES, latency_ms=LATENCY_MS) as remoteit,
        small_disk(home / "disk") as disk,
    ):
        panel = Panel(home, remoteit, f"sqlite:///{disk}/db.sqlite3", f"sqlite:///{disk}/queue.sqlite3")
        count = panel.know_what_is_open()
        with panel.web() as web, panel.worker():
            session = sign_in(web.url)
            run = panel.stop_all()
            until(lambda: sent(remoteit) > count * 0.2)
            ballast = fill(disk)
            until(lambda: session.get(f"{web.url}/readyz", timeout=30).status_code == 503, seconds=TOLD_WITHIN_S)
            check_nothing_is_sent(remoteit, count)
            page = f"{web.url}/admin/connections/stoprun/{run}/change/"
            until(lambda: "It says: <q>database or disk is full</q>" in session.get(page).text)
            ready = session.get(f"{web.url}/readyz", timeout=30)
            # Told by a write that is tried, or by the worker: the smaller of them may fit where the other does not.
            assert ready.status_code == 503
            assert "database or disk is full" in ready.text
            ballast.unlink()
            check_all_is_over(panel, run, count)


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", path]
    if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode:
        missing("the right to mount a small disk")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def fill(disk: Path) -> Path:
    """Write a file until there is no room left on the disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


@pytest.mark.slow
def test_a_web_server_that_is_killed_leaves_each_run_whole(panel: Panel) -> None:
    panel.know_what_is_open()
    with panel.web() as web, ThreadPoolExecutor(4) as people:
        keys: list[str] = []
        clicks = [people.submit(click, web.url, first, keys) for first in range(1, COUNT, COUNT // 4)]
        until(lambda: len(keys) >= 8)
        web.kill()
        for one in clicks:
            one.result()
    with panel.web() as web:
        session = sign_in(web.url)
        runs = {key: confirm(session, web.url, key) for key in keys}
    asked = Counter(line["run_id"] for line in of(panel.history(), "stop.requested"))
    assert {*asked} == {*runs.values()}, "a run that nobody has told of, or a line without its run"
    assert {*asked.values()} == {1}
    with panel.worker():
        until(lambda: len(panel.outcomes()) == len(runs))
    check_attempts(panel.history(), panel.sandbox)
    assert arrived(panel.sandbox).total() == len(runs)


def click(url: str, first: int, keys: list[str]) -> None:
    """Stop one connection after another until the server is gone; `keys` get those of the lists that were confirmed."""
    with suppress(requests.RequestException):
        session = sign_in(url)
        for pk in range(first, first + COUNT // 4):
            key = select(session, url, pk)
            keys.append(key)
            confirm(session, url, key)


def sign_in(url: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    post(session, f"{url}/admin/login/", username="admin", password=PASSWORD)
    return session


def select(session: requests.Session, url: str, pk: int) -> str:
    """Choose one connection; returns the key of the list that the confirm page shows."""
    page = post(session, f"{url}/admin/connections/connection/", action="stop_selected", _selected_action=pk)
    return re.search(r"/stoprun/([\w-]+)/confirm/", page.url)[1]


def confirm(session: requests.Session, url: str, key: str) -> int:
    """Confirm the list; returns the number of the run that this leads to, however often it was confirmed."""
    page = post(session, f"{url}/admin/connections/stoprun/{key}/confirm/", key=key, reason="incident 7")
    return int(re.search(r"/stoprun/(\d+)/change/", page.url)[1])


def post(session: requests.Session, url: str, **fields: object) -> requests.Response:
    session.get(url, timeout=30)
    token = session.cookies.get("csrftoken", "")
    answer = session.post(url, data={**fields, "csrfmiddlewaretoken": token}, timeout=30)
    answer.raise_for_status()
    return answer
