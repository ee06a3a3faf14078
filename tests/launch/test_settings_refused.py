"""A setting that can't be used ends every program of the panel with one line, exit code 2, and no secret."""

from __future__ import annotations

import os
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from remoteit_admin.invalid_setting import InvalidSetting
from tests.launch.test_launcher import copy_of_the_project
from tests.support.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
WEB = next(line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("web:"))
DOORS = {
    "check": ["python", "manage.py", "check"],
    "worker": ["python", "manage.py", "worker"],
    "make run": ["python", "-m", "remoteit_admin"],
    "gunicorn": shlex.split(WEB.removeprefix("web:")),
}
NO_DOORS = {"gunicorn without its settings": ["gunicorn", "--config", "python:remoteit_admin", "remoteit_admin.wsgi"]}
GOOD = {"SECRET_KEY": "tests-only-0123456789-0123456789", "USE_HTTPS": "off"}


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, Any]:
    """The panel's settings as they are read with `variables` beside those of the tests."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(ROOT / "remoteit_admin" / "settings.py"))


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set."),
        ({"SECRET_KEY": "a"}, "SECRET_KEY can be guessed"),
        ({"CREDENTIALS_KEY": "abc"}, "CREDENTIALS_KEY has to be Fernet keys"),
        ({"AUDIT_SIGNING_KEY": "abc"}, "AUDIT_SIGNING_KEY has to be an Ed25519 key"),
        ({"PORT": "http"}, "PORT has to be a whole number from 1 to 65535, not 'http'."),
        ({"BIND": "panel.example"}, "BIND has to be an address of this machine"),
        ({"BIND": "127.0.0.1:8000"}, "BIND has to be an address of this machine"),
        ({"BIND": "unix:/nowhere/panel.sock"}, "BIND has to be unix:/FILE"),
        ({"ALLOWED_HOSTS": "*", "USE_HTTPS": "on"}, "ALLOWED_HOSTS has to be host names"),
        ({"ALLOWED_HOSTS": "panel.example", "USE_HTTPS": "on", "DEBUG": "on"}, "DEBUG is on"),
        ({"ALLOWED_HOSTS": "localhost, panel.example"}, "USE_HTTPS is off"),
        ({"CSRF_TRUSTED_ORIGINS": "panel.example"}, "CSRF_TRUSTED_ORIGINS has to be origins"),
        ({"CSRF_TRUSTED_ORIGINS": "https://panel.example:99999"}, "CSRF_TRUSTED_ORIGINS has to be origins"),
        ({"SCRIPT_NAME": "/.."}, "SCRIPT_NAME has to be a path that begins with /"),
        ({"TRUSTED_PROXIES": "nonsense"}, "TRUSTED_PROXIES has to be addresses or networks"),
        ({"TRUSTED_PROXIES": "0.0.0.0/0"}, "TRUSTED_PROXIES has to be addresses or networks"),
        ({"REMOTEIT_API_URL": "http://api.example"}, "REMOTEIT_API_URL has to be https://HOST/PATH"),
        ({"REMOTEIT_GRAPHQL_URL": "http://api.example"}, "REMOTEIT_GRAPHQL_URL has to be https://HOST/PATH"),
        ({"REMOTEIT_PROXY": ""}, "REMOTEIT_PROXY has to be http://HOST:PORT or https://HOST:PORT."),
        ({"REMOTEIT_PROXY": "socks5://proxy:1080"}, "REMOTEIT_PROXY has to be http://HOST:PORT or https://HOST:PORT."),
        ({"DATABASE_URL": ""}, "DATABASE_URL has to be sqlite:///FILE"),
        ({"QUEUE_URL": ""}, "QUEUE_URL has to be sqlite:///FILE"),
        *(({name: ""}, f"{name} has to be on or off, not empty.") for name in ("DEBUG", "USE_HTTPS")),
        *(
            ({f"STOP_{name}": value}, f"STOP_{name} has to be")
            for name in ("CONCURRENCY", "MAX_PER_SECOND", "CONNECT_TIMEOUT", "READ_TIMEOUT", "MAX_ATTEMPTS")
            for value in ("", "1,500", "nan")
        ),
        ({"STOP_READ_TIMEOUT": "0"}, "STOP_READ_TIMEOUT has to be a number from 0.1 to 600, not '0'."),
    ],
)
def test_each_setting_is_refused_by_its_name(monkeypatch, variables, told):
    with pytest.raises(InvalidSetting) as error:
        settings(monkeypatch, **variables)
    assert str(error.value).startswith(told)


def test_a_value_that_begins_with_a_dollar_is_one(monkeypatch):
    names = ("REMOTEIT_PASSWORD", "REMOTEIT_TOKEN", "REMOTEIT_USERNAME", "REMOTEIT_DEVELOPER_KEY", "R3_ACCESS_KEY_ID")
    read = settings(monkeypatch, **dict.fromkeys((*names, "R3_SECRET_ACCESS_KEY"), "$HOME"))
    assert {read[name] for name in names} == {"$HOME"}


def test_beside_a_sandbox_lists_come_from_it(monkeypatch):
    monkeypatch.delenv("REMOTEIT_GRAPHQL_URL")
    read = settings(monkeypatch, REMOTEIT_API_URL="http://127.0.0.1:9527/apv/v27")
    assert read["REMOTEIT_GRAPHQL_URL"] == "http://127.0.0.1:9527/graphql/v1"


def start(folder: Path, door: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(folder), "PORT": str(free_port()), **variables}
    return subprocess.run(
        {**DOORS, **NO_DOORS}[door], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


def test_the_command_line_refuses_in_one_line():
    ended = start(ROOT, "check", {**GOOD, "STOP_MAX_PER_SECOND": "5 # max 10"})
    told = "STOP_MAX_PER_SECOND has to be 0 (no limit) or a number from 0.01 to 10000, not '5 # max 10'.\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", told)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_of_the_project(tmp_path_factory.mktemp("refused"))


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("dotenv", "variables", "told"),
    [
        ("A=1\nREMOTEIT_PASSWORD geheim-123", GOOD, "Line 2 of .env can't be read: it has to be NAME=value"),
        ("", {**GOOD, "SECRET_KEY": "a"}, "SECRET_KEY can be guessed"),
        ("", {**GOOD, "DATA_FOLDER": "/proc"}, "DATA_FOLDER has to be the absolute path of a folder that is there and"),
        ("", {**GOOD, "DATABASE_URL": "postgres://p@db.example/panel?sslmode=geheim"}, "DATABASE_URL has to be"),
        ("DATABASE_URL='postgres://p:geheim/x?y@db.example/panel'", GOOD, "DATABASE_URL has to be sqlite:///FILE"),
    ],
)
def test_every_door_says_the_same_line(project, door, dotenv, variables, told):
    (project / ".env").write_text(dotenv)
    ended = start(project, door, variables)
    assert ended.returncode == 2
    assert (ended.stdout, ended.stderr.count("\n")) == ("", 1)
    assert ended.stderr.startswith(told)
    assert "geheim" not in ended.stderr


@pytest.mark.slow
def test_workers_that_find_other_settings_than_gunicorn_end_it(project):
    (project / ".env").write_text("")
    ended = start(project, "gunicorn without its settings", {**GOOD, "STOP_CONCURRENCY": "0"})
    assert ended.returncode != 0
    assert "STOP_CONCURRENCY has to be" in ended.stderr
