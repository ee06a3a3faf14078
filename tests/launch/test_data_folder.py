"""DATA_FOLDER: the one folder that the panel writes to, while its code can't be written and nobody has a home."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from remoteit_admin.launch import alone
from remoteit_admin.launch.failure import LaunchError
from tests.launch.test_launcher import copy_of_the_project
from tests.support.commands import ROOT
from tests.support.panels import GUNICORN, until
from tests.support.servers import free_port
from tests.support.slow import slow_but

SECRET_KEY = "tests-only-0123456789-0123456789-0123456789-0123456789"
SHOW = """
import json
from remoteit_admin import settings
print(json.dumps([str(one) for one in (
    settings.DATABASES["default"]["NAME"], settings.HUEY["filename"], settings.AUDIT_FOLDER, settings.STATIC_ROOT,
)]))
"""


def read_settings(**environment: str) -> subprocess.CompletedProcess[str]:
    """What the panel's own settings make of `environment`: the places of database, queue, audit and static files."""
    known = {"SECRET_KEY": SECRET_KEY, "USE_HTTPS": "off", "DATABASE_URL": "sqlite:///db.sqlite3"}
    env = {"PATH": os.environ["PATH"], **known, "QUEUE_URL": "sqlite:///queue.sqlite3", **environment}
    return subprocess.run([sys.executable, "-c", SHOW], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def places(**environment: str) -> list[str]:
    found: list[str] = json.loads(read_settings(**environment).stdout)
    return found


def test_without_it_everything_is_where_earlier_versions_left_it(tmp_path: Path) -> None:
    assert places() == [f"{ROOT}/db.sqlite3", f"{ROOT}/queue.sqlite3", f"{ROOT}", f"{ROOT}/staticfiles"]
    elsewhere = places(DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3", DATA_FOLDER="")
    assert elsewhere == [f"{tmp_path}/db.sqlite3", f"{ROOT}/queue.sqlite3", f"{tmp_path}", f"{ROOT}/staticfiles"]


def test_with_it_everything_is_there(tmp_path: Path) -> None:
    there = [f"{tmp_path}/db.sqlite3", f"{tmp_path}/queue.sqlite3", f"{tmp_path}", f"{tmp_path}/staticfiles"]
    assert places(DATA_FOLDER=str(tmp_path)) == there


@pytest.mark.parametrize("wrong", slow_but(["/proc"], ["data", "/no/such/folder", "README.md", "/proc"]))
def test_what_is_no_folder_is_refused(wrong: str) -> None:
    told = f"DATA_FOLDER has to be the absolute path of a folder that is there and can be written, not {wrong!r}."
    assert told in read_settings(DATA_FOLDER=wrong).stderr


def test_a_database_in_a_folder_that_takes_no_file_is_refused() -> None:
    told = "DATABASE_URL has to be sqlite:///FILE in a folder that is there and can be written, not /proc/db.sqlite3."
    assert told in read_settings(DATABASE_URL="sqlite:////proc/db.sqlite3").stderr


def test_make_run_says_so_where_it_can_write_no_lock(tmp_path: Path) -> None:
    lock = tmp_path / ".run.lock"
    lock.mkdir()
    with pytest.raises(LaunchError, match=r"\.run\.lock can't be written: Is a directory\."):
        alone.lock_folder(lock)


@pytest.fixture
def place() -> Iterator[Path]:
    # Not pytest's tmp_path, which another user couldn't enter.
    path = Path(tempfile.mkdtemp(prefix="panel-place-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def code(place: Path) -> Path:
    """A copy of the project in which nobody may write."""
    copy = copy_of_the_project(place)
    subprocess.run(["chmod", "-R", "a-w,a+rX", str(copy)], check=True)
    return copy


def without_rights() -> list[str]:
    """What stands before a command so that no right over files helps it: as root another user, or root without them."""
    if os.getuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    other = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
    if subprocess.run([*other, sys.executable, "-c", program], capture_output=True, check=False).returncode == 0:
        return other
    # The interpreter lies where only root may read.
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]


class Panel:
    """One that runs from `code` and writes to `data`, in an environment with nothing in it, HOME neither."""

    def __init__(self, code: Path, data: Path) -> None:
        self.code, self.rights = code, without_rights()
        self.env = {"SECRET_KEY": SECRET_KEY, "USE_HTTPS": "off", "DATA_FOLDER": str(data)}
        data.mkdir(mode=0o700)
        if any("reuid" in word for word in self.rights):
            shutil.chown(data, "nobody")

    def manage(self, *arguments: str) -> None:
        done = subprocess.run(self._command("manage.py", *arguments), **self._options(), check=False)
        assert done.returncode == 0, done.stdout

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(self._command(*arguments), **self._options(**variables))

    def _command(self, *arguments: str) -> list[str]:
        return [*self.rights, sys.executable, *arguments]

    def _options(self, **variables: str) -> dict:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return {"cwd": self.code, "env": {**self.env, **variables}, **streams}


@pytest.mark.slow
@pytest.mark.once
def test_it_runs_from_code_that_nobody_may_write_to(code: Path, place: Path) -> None:
    panel, data, before = Panel(code, place / "data"), place / "data", {*code.rglob("*")}
    panel.manage("migrate", "--verbosity", "0")
    panel.manage("collectstatic", "--noinput", "--verbosity", "0")
    url = f"http://127.0.0.1:{(port := free_port())}"
    worker = panel.start("manage.py", "worker")
    web = panel.start(*GUNICORN[1:], "--bind", f"127.0.0.1:{port}")
    try:
        until(lambda: answers(f"{url}/readyz"), 60)
        assert "/static/" in requests.get(f"{url}/admin/login/", timeout=30).text
        data.chmod(0o500)
        until(lambda: not answers(f"{url}/readyz"), 60)
    finally:
        for process in (web, worker):
            process.terminate()
            process.wait(30)
    written = {path.name for path in data.iterdir()}
    assert written >= {"db.sqlite3", "queue.sqlite3", "staticfiles"}
    assert {*code.rglob("*")} == before


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).ok
    except requests.RequestException:
        return False
