"""A PostgreSQL and a Redis for one test run, made in temporary folders and gone after it.

python -m tests.support.servers -- CMD ...    runs CMD with DATABASE_URL and QUEUE_URL and ends with its exit code
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from tests.support.memory import in_memory

START = 30.0  # seconds for a server to answer, and for one to end


class Missing(Exception):
    """The machine has no such server installed."""


# What a power cut would take is no loss here. (The tests that kill a server start one of their own.)
FOR_TESTS = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")


@contextlib.contextmanager
def postgres(*options: str) -> Iterator[str]:
    """A PostgreSQL on loopback; yields the URL of an empty database, whose owner is no superuser but may create more.

    `options` of its command line. Raises Missing when it isn't installed.
    """
    with folder(run_as()) as home, postgres_in(home, *options) as (url, _server):
        yield url


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A Redis on loopback that keeps nothing on disk; yields its URL. Raises Missing when it isn't installed."""
    with folder({}) as home, redis_in(home) as (url, _server):
        yield url


@contextlib.contextmanager
def postgres_in(home: Path, *options: str) -> Iterator[tuple[str, Server]]:
    """As `postgres`, in the folder `home`, which is that of the user `run_as`; yields the server too."""
    initdb = postgres_program("initdb")
    data = home / "data"
    # Trust on the socket is safe, for its folder is private; over TCP the password is asked for.
    rules = ["--auth-local=trust", "--auth-host=scram-sha-256", "--username=owner", "--encoding=UTF8", "--no-locale"]
    subprocess.run([initdb, "-D", data, *rules], check=True, stdout=subprocess.DEVNULL, cwd=home, **run_as())
    port = free_port()
    command = [initdb.with_name("postgres"), "-D", data, "-k", home, "-h", "127.0.0.1", "-p", str(port), *options]
    # INT: don't wait for clients.
    server = Server(command, home, signal.SIGINT, lambda: connects(home, port), owner=run_as())
    with server:
        password = make_database(home, port)
        yield f"postgres://panel:{password}@127.0.0.1:{port}/panel", server


@contextlib.contextmanager
def redis_in(home: Path) -> Iterator[tuple[str, Server]]:
    """As `redis`, in the folder `home`; yields the server too."""
    program = shutil.which("redis-server")
    if program is None:
        raise Missing("Redis is not installed: no redis-server in PATH")
    port, password = free_port(), secrets.token_hex(16)
    config = home / "redis.conf"
    config.write_text(f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {home}\nsave ""\nappendonly no\n')
    with Server([program, config], home, signal.SIGTERM, lambda: answers(port)) as server:
        yield f"redis://:{password}@127.0.0.1:{port}/0", server


def postgres_program(name: str) -> Path:
    """The newest of the installed PostgreSQL's programs `name`: Debian keeps them out of PATH."""
    packaged = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    found = sorted(packaged, key=lambda path: int(path.parts[4].partition(".")[0]), reverse=True)
    if in_path := shutil.which(name):
        found.append(Path(in_path).resolve())
    if not found:
        raise Missing(f"PostgreSQL is not installed: no {name} in PATH or /usr/lib/postgresql/*/bin")
    return found[0]


def run_as() -> dict:
    """Arguments for subprocess: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def folder(owner: dict) -> Iterator[Path]:
    """A private folder of `owner` (see `run_as`), removed with all that is in it."""
    path = Path(tempfile.mkdtemp(prefix="panel-", dir=in_memory()))
    try:
        if owner:
            os.chown(path, owner["user"], owner["group"])
        yield path
    finally:
        shutil.rmtree(path)


class Server:
    """A server process that runs until its block is left, and that can be killed and started again meanwhile.

    `end`: the signal that asks it to end. `answers`: whether it serves. `owner`: see `run_as`.
    """

    def __init__(
        self,
        command: list,
        home: Path,
        end: signal.Signals,
        answers: Callable[[], bool],
        *,
        owner: dict | None = None,
    ) -> None:
        self._command, self._home, self._end, self._answers, self._owner = command, home, end, answers, owner or {}
        self._log = home / "log"

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.send_signal(self._end)
        try:
            self._process.wait(START)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def start(self) -> None:
        """Start it and return when it serves. Raises RuntimeError, with its log, when it ends instead."""
        with self._log.open("ab") as output:
            # A session of its own: Ctrl-C ends the tests first, and the server after them.
            self._process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=self._home,
                start_new_session=True,
                **self._owner,
            )
        deadline = time.monotonic() + START
        while not self._answers():
            if self._process.poll() is not None:
                raise RuntimeError(
                    f"{self._command[0]} ended with {self._process.returncode}:\n{self._log.read_text()}"
                )
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self._command[0]} did not answer within {START:.0f} seconds")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it and its processes at once, as a power cut would."""
        for pid in [*children(self._process.pid), self._process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()


def children(pid: int) -> list[int]:
    """The processes that `pid` started, where the system tells (Linux); elsewhere they notice its death themselves."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in listed.read_text().split()] if listed.exists() else []


def make_database(home: Path, port: int) -> str:
    """Make role and database `panel`; returns the role's password."""
    password = secrets.token_hex(16)
    with psycopg.connect(host=str(home), port=port, user="owner", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE ROLE panel LOGIN CREATEDB PASSWORD '{password}'")
        connection.execute("CREATE DATABASE panel OWNER panel")
    return password


def connects(home: Path, port: int) -> bool:
    try:
        psycopg.connect(host=str(home), port=port, user="owner", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(command: list[str]) -> int:
    """Run `command` beside fresh servers and return its exit code."""
    try:
        with redis() as queue, postgres(*FOR_TESTS) as database:
            child = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": database, "QUEUE_URL": queue})
            try:
                code = child.wait()
            finally:
                finish(child)
    except Missing as reason:
        print(f"Not run: {' '.join(command)}\n  missing: {reason}", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    return 128 - code if code < 0 else code


def finish(child: subprocess.Popen) -> None:
    """Let an interrupted `child` clean up; pytest does so on INT, which a terminal has sent it already."""
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(START)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def leave(number: int, frame: object) -> None:
    for ignored in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ignored, signal.SIG_IGN)  # the clean-up must not be cut in two
    raise SystemExit(128 + number)


def main() -> int:
    command = sys.argv[2:]
    if sys.argv[1:2] != ["--"] or not command:
        print("usage: python -m tests.support.servers -- CMD ...", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    return run(command)


if __name__ == "__main__":
    sys.exit(main())
