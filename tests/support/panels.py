"""A panel of its own, as an administrator has it: its database and queue, its processes, driven by its commands."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests

from connections.sandbox import Sandbox
from tests.support import migrated
from tests.support.commands import ROOT, command_line
from tests.support.servers import free_port

LIMIT_S = 120.0
PASSWORD = "correct horse battery"
COLUMNS = ("device_address", "connection_id", "device_name", "service_name", "opened_by")


# As the Procfile starts it.
GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "remoteit_admin/gunicorn_conf.py", "remoteit_admin.wsgi"]


class Panel:
    """`folder` is where its keys lie; `sandbox` is its remote.it."""

    def __init__(self, folder: Path, sandbox: Sandbox, database_url: str, queue_url: str) -> None:
        self.sandbox = sandbox
        self.log = folder / "panel.log"
        self.environment = {
            **os.environ,
            **sandbox.environment,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
            "TEST_FOLDER": str(folder),
            "DATABASE_URL": database_url,
            "QUEUE_URL": queue_url,
        }
        if database_url.startswith("sqlite:"):
            migrated.copy(Path(database_url.removeprefix("sqlite:///")))
        self.manage("migrate", "--verbosity", "0")
        self.manage("createsuperuser", "--noinput", "--username", "admin", "--email", "admin@example.com")

    def manage(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        """What `python manage.py arguments` wrote; it has to end with `code`."""
        done = subprocess.run(
            command_line(*arguments),
            input=stdin,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def know_what_is_open(self) -> int:
        """Import every open connection of the sandbox; returns how many there are."""
        rows = self.sandbox.world.rows("open")
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        self.manage("import_connections", "-", stdin=text.getvalue())
        return len(rows)

    def stop_all(self) -> int:
        """Start a run over all that is active; returns its number."""
        words = ("--user", "admin", "--reason", "incident 7", "--all-active", "--json")
        return int(json.loads(self.manage("stop_connections", *words))["run_id"])

    def history(self, run: int | None = None) -> list[dict[str, Any]]:
        only = ("--run", str(run)) if run else ()
        return [json.loads(line) for line in self.manage("export_audit", "--format", "jsonl", *only).splitlines()]

    def outcomes(self, run: int | None = None) -> dict[int, str]:
        """The outcome of each item that has one, of `run` or of all, as the history tells it."""
        lines = [line for line in self.history(run) if line["action"] == "stop.answered" and "item_outcome" in line]
        return {line["item_id"]: line["item_outcome"] for line in lines}

    @contextlib.contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A running worker, asked to end at the end."""
        process = self._start([sys.executable, "manage.py", "worker"])
        try:
            yield process
            assert process.poll() is None, f"the worker ended with {process.returncode}:\n{self.log.read_text()}"
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def web(self) -> Iterator[Web]:
        """A running web server; nothing of it is left at the end."""
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--config",
            "remoteit_admin/gunicorn_conf.py",
            "remoteit_admin.wsgi",
        ]
        command += ["--bind", f"127.0.0.1:{port}"]
        web = Web(self._start(command), f"http://127.0.0.1:{port}")
        try:
            until(web.answers)
            yield web
        finally:
            web.kill()

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            # A group of its own, so that what it starts can be killed with it.
            return subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )


class Web:
    """A web server with all its processes, at `url`."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self._process, self.url = process, url

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.RequestException:  # not there yet, or busy with its start
            return False

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def until(condition: Callable[[], object], seconds: float = LIMIT_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to this in time"
        time.sleep(0.1)
