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
from pathlib import Path

import pytest

from tests.launching import LIMIT, Launcher
from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
NOT_COPIED = (
    ".git",
    ".venv",
    ".env",
    ".*_cache",
    ".hypothesis",
    "__pycache__",
    "*.sqlite3*",
    "staticfiles",
    ".run.lock",
)
PASSWORD = re.compile(r"password (\S+) \(shown this once\)")


@pytest.fixture
def project(tmp_path):
    copy = tmp_path / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    return copy


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


def test_it_leaves_the_folder_alone_when_the_port_is_taken(project, launch, taken_port):
    launch(taken_port).process.wait(LIMIT)
    assert not (project / ".env").exists()


def test_it_says_that_a_port_is_no_number(launch):
    launcher = launch("http")
    assert launcher.process.wait(LIMIT) == 1
    assert launcher.shown == "PORT has to be a number from 1 to 65535, not 'http'.\n"


def test_it_adds_only_the_keys_that_a_file_of_ones_own_lacks(project, launch):
    own = "SECRET_KEY=mine\nPORT=1\nDATABASE_URL=nonsense://x"
    (project / ".env").write_text(own)
    launch(free_port(), REMOTEIT_TOKEN="none").process.wait(LIMIT)
    kept, added = (project / ".env").read_text().split(own)
    assert kept == ""
    assert re.fullmatch(r"\nCREDENTIALS_KEY=[\w-]{43}=\n", added)


def test_it_says_why_django_can_not_start(launch):
    launcher = launch(free_port(), REMOTEIT_TOKEN="none", ALLOWED_HOSTS="panel.example")
    assert launcher.process.wait(LIMIT) == 1
    assert launcher.shown.startswith("The panel can't start: USE_HTTPS is off")
    assert "Traceback" not in launcher.shown


@pytest.fixture
def first(launch):
    launcher = launch(free_port())
    launcher.until_shown("Stop       Ctrl-C")
    return launcher


def test_it_serves_the_panel_and_leaves_nothing_behind(project, first):
    assert status(first.port, "/healthz") == 200
    assert status(first.port, "/admin/login/") == 200
    assert len(groups_alive(project)) == 4
    assert first.end() == 0
    assert groups_alive(project) == []
    assert "Traceback" not in first.shown


def test_it_keeps_env_and_password_from_the_first_start(project, first, launch):
    kept = (project / ".env").read_bytes()
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600
    assert len(PASSWORD.findall(first.shown)) == 1
    first.end()
    second = launch(free_port())
    second.until_shown("Stop       Ctrl-C")
    assert (project / ".env").read_bytes() == kept
    assert PASSWORD.findall(second.shown) == []
    assert "changepassword admin" in second.shown


def rows(project, query):
    with contextlib.closing(sqlite3.connect(project / "db.sqlite3")) as database:
        return database.execute(query).fetchall()


def test_it_tells_the_history_of_the_first_administrator(project, first):
    [(body,)] = rows(project, "SELECT body FROM connections_auditevent WHERE action = 'user.added'")
    line = json.loads(body)
    assert (line["user"], line["is_superuser"], line["origin"]) == ("admin", True, "command")
    assert PASSWORD.findall(first.shown)[0] not in body


def test_it_imports_what_the_sandbox_has_open(project, first):
    assert rows(project, "SELECT count(*) FROM connections_connection") == [(500,)]
    assert "not all imported" not in first.shown


@pytest.fixture
def light(project, launch):
    """A start whose web program serves nothing: enough to look at the processes."""
    procfile(project, web="sh -c 'echo up; sleep 600'")
    launcher = launch(free_port(), REMOTEIT_TOKEN="none")
    launcher.until_shown("web     | up")
    return launcher


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_well_on_a_signal(project, light, number):
    assert light.end(number) == 0
    assert groups_alive(project) == []


def test_it_starts_no_sandbox_when_there_are_credentials(project, light):
    assert "sandbox" not in light.shown
    assert not (project / "sandbox.json").exists()


def test_it_says_that_the_folder_is_in_use(project, light, launch):
    second = launch(free_port())
    assert second.process.wait(LIMIT) == 1
    pids = " ".join((project / ".run.lock").read_text().split())
    assert second.shown == (
        f"The panel is already running in this folder. Stop it with Ctrl-C where it runs, or with: kill {pids}\n"
    )


def test_it_names_what_a_killed_run_left_behind(project, light, launch):
    light.end(signal.SIGKILL)
    second = launch(free_port())
    second.process.wait(LIMIT)
    left = re.search(r"kill ([\d ]+)\n", second.shown)[1].split()
    assert groups_alive(project) == left[1:]
    for pid in left[1:]:
        os.killpg(int(pid), signal.SIGTERM)


def test_it_stops_the_rest_and_says_who_ended(project, launch):
    procfile(project, web="sleep 600", worker="sh -c 'echo no work left; exit 3'")
    launcher = launch(free_port(), REMOTEIT_TOKEN="none")
    assert launcher.process.wait(LIMIT) == 3
    assert "worker  | no work left\n" in launcher.shown
    assert "worker ended with code 3, so everything was stopped.\n" in launcher.shown
    assert groups_alive(project) == []


def test_it_does_not_call_an_unasked_end_a_success(project, launch):
    procfile(project, web="true")
    assert launch(free_port(), REMOTEIT_TOKEN="none").process.wait(LIMIT) == 1


def test_a_second_signal_ends_a_program_that_will_not(project, launch):
    procfile(project, web="sh -c 'trap \"\" TERM; echo deaf; while true; do sleep 1; done'")
    launcher = launch(free_port(), REMOTEIT_TOKEN="none")
    launcher.until_shown("web     | deaf")
    launcher.process.send_signal(signal.SIGINT)
    launcher.until_shown("Stopping ...")
    assert launcher.end() == 0
    assert groups_alive(project) == []


def test_it_names_a_program_that_is_not_there(project, launch):
    procfile(project, web="no-such-program")
    launcher = launch(free_port(), REMOTEIT_TOKEN="none")
    assert launcher.process.wait(LIMIT) == 1
    assert launcher.shown == "Can't start web (no-such-program): No such file or directory.\n"
