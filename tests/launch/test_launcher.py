"""`make run`'s launcher, started for real in a copy of the project."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import time
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from tests.support.launching import LIMIT, Launcher
from tests.support.servers import free_port

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = (
    ".git",
    ".venv",
    ".env",
    ".*_cache",
    ".hypothesis",
    "*.sqlite3*",
    "staticfiles",
    ".run.lock",
)
PASSWORD = re.compile(r"password (\S+) \(shown this once\)")


def copy_of_the_project(folder):
    copy = folder / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    return copy


@pytest.fixture
def project(tmp_path):
    return copy_of_the_project(tmp_path)


@pytest.fixture
def launch(project):
    started = []

    def start(port, **env):
        started.append(Launcher(project, port, **env))
        return started[-1]

    yield start
    for launcher in started:
        launcher.end(signal.SIGTERM)


@pytest.fixture
def taken_port():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def procfile(project, **commands):
    (project / "Procfile").write_text("".join(f"{name}: {command}\n" for name, command in commands.items()))


def groups_alive(project):
    """Process groups that a run noted down and that still have somebody in them."""
    alive = []
    for pid in (project / ".run.lock").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(pid), 0)
            alive.append(pid)
    return alive


def status(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_it_says_that_the_port_is_taken(launch, taken_port):
    launcher = launch(taken_port)
    assert launcher.process.wait(LIMIT) == 1
    assert launcher.shown == (
        f"Port {taken_port} on 127.0.0.1 is already taken, perhaps by another `make run`. "
        f"Stop it, or choose another: PORT={taken_port + 1} make run.\n"
    )


@pytest.mark.slow
def test_it_leaves_the_folder_alone_when_the_port_is_taken(project, launch, taken_port):
    launch(taken_port).process.wait(LIMIT)
    assert not (project / ".env").exists()


@pytest.mark.slow
def test_it_says_that_a_port_is_no_number(launch):
    launcher = launch("http")
    assert launcher.process.wait(LIMIT) == 2
    assert launcher.shown == "PORT has to be a whole number from 1 to 65535, not 'http'.\n"


def test_it_adds_only_the_keys_that_a_file_of_ones_own_lacks(project, launch):
    own = "\ufeffSECRET_KEY=mine\r\nPORT=1\r\nREMOTEIT_USERNAME=pässler"
    (project / ".env").write_bytes(own.encode())
    launch(free_port(), REMOTEIT_TOKEN="none").process.wait(LIMIT)
    kept, added = (project / ".env").read_bytes().decode().split(own)
    assert kept == ""
    assert re.fullmatch(r"\nCREDENTIALS_KEY=[\w-]{43}=\n", added)


READY = "Stop       Ctrl-C"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A first start, for all tests that only use it: it takes seconds. BIND, another machine, is the servers' alone."""
    launcher = Launcher(copy_of_the_project(tmp_path_factory.mktemp("running")), free_port(), BIND="203.0.113.1")
    launcher.until_shown(READY)
    yield launcher
    launcher.end()


def rows(launcher, query):
    with contextlib.closing(sqlite3.connect(launcher.project / "db.sqlite3")) as database:
        return database.execute(query).fetchall()


@pytest.mark.slow
def test_it_serves_the_panel_at_the_address_that_it_prints(running):
    address = re.search(r"^  Panel      (\S+)$", running.shown, re.M)[1]
    assert address == f"http://127.0.0.1:{running.port}/admin/"
    assert status(running.port, "/healthz") == 200
    assert status(running.port, "/admin/login/") == 200
    assert len(groups_alive(running.project)) == 4


@pytest.mark.slow
def test_it_tells_the_history_of_the_first_administrator(running):
    [(body,)] = rows(running, "SELECT body FROM connections_auditevent WHERE action = 'user.added'")
    line = json.loads(body)
    assert (line["user"], line["is_superuser"], line["origin"]) == ("admin", True, "command")
    assert PASSWORD.findall(running.shown)[0] not in body


@pytest.mark.slow
def test_it_imports_what_the_sandbox_has_open(running):
    [(body,)] = rows(running, "SELECT body FROM connections_auditevent WHERE action = 'connections.imported'")
    assert json.loads(body)["count"] == 500
    assert "not all imported" not in running.shown


class Browser:
    """Somebody at the printed address, with the printed password."""

    def __init__(self, launcher):
        self.session = requests.Session()
        self.page = f"http://127.0.0.1:{launcher.port}/admin/"
        self.get("")
        [password] = PASSWORD.findall(launcher.shown)
        self.send(self.shown.url, username="admin", password=password, next="/admin/")

    def get(self, address):
        self.shown = self.session.get(urljoin(self.page, address), timeout=LIMIT)
        self.shown.raise_for_status()
        return self.shown.text

    def send(self, address, **fields):
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.shown.text)[1]
        data = {"csrfmiddlewaretoken": token, **fields}
        self.shown = self.session.post(urljoin(self.page, address), data=data, timeout=LIMIT)
        self.shown.raise_for_status()


@pytest.mark.slow
def test_the_printed_password_leads_to_a_list_of_which_one_connection_is_stopped(running):
    browser = Browser(running)
    listed = browser.get("connections/connection/")
    assert "nothing here reaches remote.it" in listed
    first = re.search(r'<tr data-key="(\d+)"', listed)[1]
    key = re.search(r'name="key" value="([\w-]+)"', browser.get(f"connections/connection/{first}/change/"))[1]
    browser.send(f"connections/connection/{first}/stop/", key=key, reason="to try it")
    run, deadline = browser.shown.url, time.monotonic() + LIMIT
    while "1 of 1 stopped" not in (page := browser.get(run)) and "1 of 1 is confirmed gone" not in page:
        assert time.monotonic() < deadline, page
        time.sleep(0.2)
    [(told,)] = rows(running, "SELECT body FROM connections_auditevent WHERE action = 'stop.answered'")
    assert (json.loads(told)["outcome"], json.loads(told)["actor"]) == ("stopped", "admin")


@pytest.mark.slow
def test_it_ends_without_a_trace_and_keeps_env_and_password_for_the_next_start(project, launch):
    first = launch(free_port())
    first.until_shown(READY)
    kept = (project / ".env").read_bytes()
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600
    assert len(PASSWORD.findall(first.shown)) == 1
    assert first.end() == 0
    assert groups_alive(project) == []
    assert "Traceback" not in first.shown
    second = launch(free_port())
    second.until_shown(READY)
    assert (project / ".env").read_bytes() == kept
    assert PASSWORD.findall(second.shown) == []
    assert "changepassword admin" in second.shown


@pytest.fixture
def light(project, launch):
    """A start whose web program serves nothing: enough to look at the processes. With credentials: no sandbox."""
    procfile(project, web="sh -c 'echo up; sleep 600'")
    launcher = launch(free_port(), REMOTEIT_TOKEN="none")
    launcher.until_shown("web     | up")
    assert "sandbox" not in launcher.shown
    return launcher


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_well_on_a_signal(project, light, number):
    assert light.end(number) == 0
    assert groups_alive(project) == []


@pytest.mark.slow
def test_credentials_in_the_file_are_those_of_the_environment(project, launch):
    procfile(project, web="sh -c 'echo up with $REMOTEIT_TOKEN; sleep 600'")
    (project / ".env").write_text("REMOTEIT_TOKEN=from-the-file\n")
    launcher = launch(free_port())
    launcher.until_shown("web     | up with from-the-file")
    assert "sandbox" not in launcher.shown
    assert (project / ".env").read_text().startswith("REMOTEIT_TOKEN=from-the-file\n")


@pytest.mark.slow
def test_it_says_that_the_folder_is_in_use(project, light, launch):
    second = launch(free_port())
    assert second.process.wait(LIMIT) == 1
    pids = " ".join((project / ".run.lock").read_text().split())
    assert second.shown == (
        f"The panel is already running in this folder. Stop it with Ctrl-C where it runs, or with: kill {pids}\n"
    )


@pytest.mark.slow
def test_it_names_what_a_killed_run_left_behind(project, light, launch):
    light.end(signal.SIGKILL)
    second = launch(free_port())
    second.process.wait(LIMIT)
    left = re.search(r"kill ([\d ]+)\n", second.shown)[1].split()
    assert groups_alive(project) == left[1:]
    for pid in left[1:]:
        os.killpg(int(pid), signal.SIGTERM)


@pytest.mark.slow
def test_it_stops_the_rest_and_says_who_ended(project, launch):
    procfile(project, web="sleep 600", worker="sh -c 'echo no work left; exit 3'")
    launcher = launch(free_port(), REMOTEIT_TOKEN="none")
    assert launcher.process.wait(LIMIT) == 3
    assert "worker  | no work left\n" in launcher.shown
    assert "worker ended with code 3, so everything was stopped.\n" in launcher.shown
    assert groups_alive(project) == []


@pytest.mark.slow
def test_it_does_not_call_an_unasked_end_a_success(project, launch):
    procfile(project, web="true")
    assert launch(free_port(), REMOTEIT_TOKEN="none").process.wait(LIMIT) == 1


@pytest.mark.slow
def test_a_second_signal_ends_a_program_that_will_not(project, launch):
    procfile(project, web="sh -c 'trap \"\" TERM; echo deaf; while true; do sleep 1; done'")
    launcher = launch(free_port(), REMOTEIT_TOKEN="none")
    launcher.until_shown("web     | deaf")
    launcher.process.send_signal(signal.SIGINT)
    launcher.until_shown("Stopping ...")
    assert launcher.end() == 0
    assert groups_alive(project) == []


@pytest.mark.slow
def test_it_names_a_program_that_is_not_there(project, launch):
    procfile(project, web="no-such-program")
    launcher = launch(free_port(), REMOTEIT_TOKEN="none")
    assert launcher.process.wait(LIMIT) == 1
    assert launcher.shown == "Can't start web (no-such-program): No such file or directory.\n"
