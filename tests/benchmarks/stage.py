"""The processes of a benchmark: a sandbox, workers, and databases in temporary folders."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.support import servers

ROOT = Path(__file__).resolve().parents[2]
LATENCY_MS = 100
ROUNDS = 3
"""So many times in turns: what a machine gets done varies by half within a minute."""
VARIABLE = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)")
END_S = 30.0
# As a server would have them; what a developer's `.env` says has no effect.
PANEL = {
    "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
    "SECRET_KEY": "benchmarks-only-0123456789-0123456789-0123456789-0123456789",
    "DEBUG": "off",
    "USE_HTTPS": "off",
    "ALLOWED_HOSTS": "127.0.0.1,localhost",
    "REMOTEIT_TOKEN": "",
    "R3_ACCESS_KEY_ID": "",
    "R3_SECRET_ACCESS_KEY": "",
    "AUDIT_SIGNING_KEY": "",
    "CREDENTIALS_KEY": "YmVuY2htYXJrcy1vbmx5LWJlbmNobWFya3Mtb25seS0=",
    "STOP_CONCURRENCY": "32",
    "STOP_MAX_PER_SECOND": "0",
    "STOP_CONNECT_TIMEOUT": "5",
    "STOP_READ_TIMEOUT": "20",
    "STOP_MAX_ATTEMPTS": "4",
}


@contextlib.contextmanager
def on_sqlite() -> Iterator[dict[str, str]]:
    """The environment of a panel on SQLite files in a folder of its own."""
    with folder() as own:
        place = f"sqlite:///{own['BENCHMARK_FOLDER']}"
        yield {**own, "DATABASE_URL": f"{place}/db.sqlite3", "QUEUE_URL": f"{place}/queue.sqlite3"}


@contextlib.contextmanager
def on_servers() -> Iterator[dict[str, str]]:
    """The environment of a panel on a PostgreSQL and a Redis of its own. Raises servers.Missing."""
    with folder() as own, servers.redis() as queue, servers.postgres() as database:
        yield {**own, "DATABASE_URL": database, "QUEUE_URL": queue}


@contextlib.contextmanager
def folder() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="panel-bench-") as path:
        yield {**os.environ, **PANEL, "BENCHMARK_FOLDER": path}


@dataclass(frozen=True)
class RunningSandbox:
    """`environment` is what a client of it needs."""

    environment: dict[str, str]

    @property
    def url(self) -> str:
        return self.environment["REMOTEIT_API_URL"]

    def control(self, path: str) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            response = session.get(self.url.removesuffix("/apv/v27") + path, timeout=60)
        response.raise_for_status()
        return response

    def change(self, **switches: object) -> None:
        """Change switches of the sandbox."""
        with requests.Session() as session:
            session.trust_env = False
            where = self.url.removesuffix("/apv/v27") + "/sandbox/settings"
            session.post(where, json=switches, timeout=60).raise_for_status()

    def log(self) -> list[dict[str, Any]]:
        """The requests that have arrived there."""
        return [json.loads(line) for line in self.control("/sandbox/log").text.splitlines()]

    def connections(self) -> list[dict[str, str]]:
        """The connections that are open there, one row each."""
        return list(csv.DictReader(io.StringIO(self.control("/sandbox/connections.csv").content.decode())))

    def in_flight_peak(self) -> int:
        return self.control("/sandbox/in_flight").json()["in_flight_peak"]


@contextlib.contextmanager
def sandbox(connections: int, *, seed: int = 1) -> Iterator[RunningSandbox]:
    """A sandbox process with so many open connections, which answers after `LATENCY_MS`. Another `seed`, other ids."""
    options = ["--port", "0", "--connections", str(connections), "--latency-ms", str(LATENCY_MS), "--seed", str(seed)]
    with process([sys.executable, "-m", "connections.sandbox", *options], {**os.environ}) as (started, heard):
        lines = heard("ready")
        yield RunningSandbox({match[1]: match[2] for line in lines if (match := VARIABLE.fullmatch(line))})
        still_runs(started)


@contextlib.contextmanager
def worker(box: RunningSandbox, concurrency: int) -> Iterator[int]:
    """A `manage.py worker` on this process's database; yields its pid."""
    env = {**os.environ, **box.environment, "STOP_CONCURRENCY": str(concurrency)}
    with process([sys.executable, "manage.py", "worker"], env) as (started, heard):
        heard("is ready")
        yield started.pid
        still_runs(started)


def with_django(module: str, *arguments: str) -> list[str]:
    """The command that runs main() of a module of this package with Django set up."""
    return [sys.executable, "-m", "tests.benchmarks.with_django", module, *arguments]


@contextlib.contextmanager
def process(command: list[str], env: dict[str, str]) -> Iterator:
    """Run `command`; yields the process and a function that reads its lines up to one that holds a text."""
    started = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)

    def heard(awaited: str) -> list[str]:
        lines: list[str] = []
        while not lines or awaited not in lines[-1]:
            line = started.stdout.readline()
            if not line:
                raise RuntimeError(f"{' '.join(command)} ended with {started.wait()} before it said {awaited!r}")
            lines.append(line.rstrip("\n"))
        return lines

    try:
        yield started, heard
    finally:
        started.terminate()
        try:
            started.wait(END_S)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
        started.stdout.close()


def still_runs(started: subprocess.Popen) -> None:
    if started.poll() is not None:
        raise RuntimeError(f"{started.args} ended in the middle with code {started.returncode}")


def cpu_seconds(pid: int) -> float:
    """User and system time that a running process has used so far, all its threads together (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
