"""Static files that nobody collected: `check` and gunicorn say so; commands that show no page go on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import ROOT, command_line
from tests.support.panels import GUNICORN
from tests.support.servers import free_port


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The end of `command` with the settings of a server, whose files lie in `folder`."""
    env = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "tests-only-0123456789-0123456789",
        "ALLOWED_HOSTS": "panel.example",
        "PORT": str(free_port()),
        "DATA_FOLDER": str(folder),
        **variables,
    }
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def manage(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(folder, *command_line(*arguments), **variables)


def told(folder: Path) -> str:
    return (
        f"The static files of this version are not in {folder}/staticfiles: run `python manage.py collectstatic`. "
        "Without them no page can be shown."
    )


@pytest.mark.slow
def test_the_check_passes_when_they_are_there_and_not_before(tmp_path: Path) -> None:
    before = manage(tmp_path, "check")
    assert (before.returncode, before.stderr.count(told(tmp_path))) == (1, 1)
    assert manage(tmp_path, "collectstatic", "--noinput").returncode == 0
    assert manage(tmp_path, "check").returncode == 0


def test_gunicorn_says_the_same_before_it_starts(tmp_path: Path) -> None:
    ended = run(tmp_path, *GUNICORN)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"{told(tmp_path)}\n")


@pytest.mark.slow
@pytest.mark.parametrize("manifest", ["", '{"version": "1.1", "paths": {}}'])
def test_a_list_that_is_broken_or_of_another_version_does_not_pass(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "staticfiles").mkdir()
    (tmp_path / "staticfiles" / "staticfiles.json").write_text(manifest)
    assert told(tmp_path) in manage(tmp_path, "check").stderr


@pytest.mark.slow
def test_a_file_that_came_with_this_version_has_to_be_collected(tmp_path: Path) -> None:
    manage(tmp_path, "collectstatic", "--noinput")
    manifest = tmp_path / "staticfiles" / "staticfiles.json"
    listed = json.loads(manifest.read_text())
    del listed["paths"]["connections/panel.css"]
    manifest.write_text(json.dumps(listed))
    assert told(tmp_path) in manage(tmp_path, "check").stderr


@pytest.mark.slow
def test_another_wsgi_server_s_worker_says_the_same(tmp_path: Path) -> None:
    ended = run(tmp_path, sys.executable, "-c", "import remoteit_admin.wsgi")
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (3, told(tmp_path))


@pytest.mark.slow
def test_who_shows_no_page_needs_none(tmp_path: Path) -> None:
    assert manage(tmp_path, "migrate").returncode == 0
    assert manage(tmp_path, "export_audit", "--format", "jsonl").returncode == 0


@pytest.mark.slow
def test_debug_pages_find_them_in_the_code(tmp_path: Path) -> None:
    assert manage(tmp_path, "check", DEBUG="on", ALLOWED_HOSTS="localhost").returncode == 0
