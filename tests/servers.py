"""A PostgreSQL and a Redis for one test run, made in temporary folders and gone after it.

python -m tests.servers -- CMD ...    runs CMD with DATABASE_URL and QUEUE_URL and ends with its exit code
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
from collections.abc import Iterator
from pathlib import Path

import psycopg

START = 30.0  # seconds for a server to answer, and for one to end


class Missing(Exception):
    """The machine has no such server installed."""


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL on loopback; yields the URL of an empty database, whose owner is no superuser but may create more.

    Raises Missing when it isn't installed.
    """
    initdb = postgres_program("initdb")
    with folder(run_as()) as home:
        data = home / "data"
        # Trust on the socket is safe, for its folder is private; over TCP the password is asked for.
        rules = [
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--username=owner",
            "--encoding=UTF8",
            "--no-locale",
        ]
        subprocess.run([initdb, "-D", data, *rules], check=True, stdout=subprocess.DEVNULL, cwd=home, **run_as())
        port = free_port()
        command = [initdb.with_name("postgres"), "-D", data, "-k", home, "-h", "127.0.0.1", "-p", str(port)]
        with server(command, home, signal.SIGINT) as check:  # INT: don't wait for clients
            password = make_database(home, port, check)
            yield f"postgres://panel:{password}@127.0.0.1:{port}/panel"


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A Redis on loopback that keeps nothing on disk; yields its URL. Raises Missing when it isn't installed."""
    program = shutil.which("redis-server")
    if program is None:
        raise Missing("Redis is not installed: no redis-server in PATH")
    with folder({}) as home:
        port, password = free_port(), secrets.token_hex(16)
        config = home / "redis.conf"
        config.write_text(f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {home}\nsave ""\nappendonly no\n')
        with server([program, config], home, signal.SIGTERM) as check:
            wait_for(lambda: answers(port), check)
            yield f"redis://:{password}@127.0.0.1:{port}/0"


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
    path = Path(tempfile.mkdtemp(prefix="panel-"))
    try:
        if owner:
            os.chown(path, owner["user"], owner["group"])
        yield path
    finally:
        shutil.rmtree(path)


@contextlib.contextmanager
def server(command: list, home: Path, end: signal.Signals) -> Iterator:
    """Run `command` until the block is left; yields a function that raises RuntimeError, with the log, if it died."""
    owner = run_as() if "-k" in command else {}
    log = home / "log"
    with log.open("wb") as output:
        # A session of its own: Ctrl-C ends the tests first, and the server after them.
        process = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=home, start_new_session=True, **owner
        )

    def check() -> None:
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended with code {process.returncode}:\n{log.read_text()}")

    try:
        yield check
    finally:
        process.send_signal(end)
        try:
            process.wait(START)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def make_database(home: Path, port: int, check) -> str:
    """Make role and database `panel` once the server answers on its socket; returns the role's password."""
    password = secrets.token_hex(16)
    wait_for(lambda: (home / f".s.PGSQL.{port}").exists() and connects(home, port), check)
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


def wait_for(done, check) -> None:
    deadline = time.monotonic() + START
    while not done():
        check()
        if time.monotonic() > deadline:
            raise RuntimeError(f"no answer within {START:.0f} seconds")
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(command: list[str]) -> int:
    """Run `command` beside fresh servers and return its exit code."""
    try:
        with redis() as queue, postgres() as database:
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
        print("usage: python -m tests.servers -- CMD ...", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    return run(command)


if __name__ == "__main__":
    sys.exit(main())
