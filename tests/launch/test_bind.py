"""Where the web server listens: on this machine alone unless somebody says otherwise."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from remoteit_admin.bind import address
from remoteit_admin.invalid_setting import InvalidSetting
from tests.support.commands import ROOT
from tests.support.panels import until
from tests.support.servers import free_port


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("127.0.0.1", "127.0.0.1:8000"),
        ("0.0.0.0", "0.0.0.0:8000"),
        ("localhost", "127.0.0.1:8000"),
        ("::1", "[::1]:8000"),
        ("[::1]", "[::1]:8000"),
        ("unix:/tmp/panel.sock", "unix:/tmp/panel.sock"),
        ("unix:///tmp/panel.sock", "unix:/tmp/panel.sock"),
    ],
)
def test_an_address_of_this_machine_is_read(text: str, bind: str) -> None:
    assert address("BIND", text, 8000) == bind


@pytest.mark.parametrize(
    "text",
    [
        *("panel.example", "127.0.0.1:8000", "*", "8000", "[127.0.0.1]", "[::1", "fe80::1%eth0"),
        *("unix:panel.sock", "unix:/nowhere/a.sock", "unix:/", "unix:/proc/x.sock", "unix:/tmp/a,b"),
        "unix:/tmp/unix:b",
    ],
)
def test_any_other_is_refused(text: str) -> None:
    with pytest.raises(InvalidSetting, match="BIND has to be"):
        address("BIND", text, 8000)


def test_a_socket_is_one_that_a_server_can_open() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short, socket.socket(socket.AF_UNIX) as left:
        folder = Path(short)
        (folder / "file").touch()
        (folder / "link").symlink_to("nowhere")
        left.bind(f"{folder}/left")
        longest = f"{folder}/{'x' * (106 - len(short))}"
        assert address("BIND", f"unix:{folder}/left", 8000) == f"unix:{folder}/left"
        assert address("BIND", f"unix:{longest}", 8000) == f"unix:{longest}"
        for wrong in (short, f"{folder}/file", f"{folder}/link", f"{longest}x", f"{folder}/{'x' * 300}"):
            with pytest.raises(InvalidSetting, match="BIND has to be unix:/FILE, without commas and with 107 bytes"):
                address("BIND", f"unix:{wrong}", 8000)


def test_an_address_of_another_machine_ends_the_server_in_one_line(tmp_path: Path) -> None:
    with gunicorn(tmp_path, stderr=subprocess.PIPE, BIND="203.0.113.1") as server:
        told = server.communicate(timeout=60)[1]
    assert told == b"BIND is 203.0.113.1, and this machine can't listen there: Cannot assign requested address.\n"
    assert server.returncode == 1


def environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SECRET_KEY": "tests-only-0123456789-0123456789",
        "USE_HTTPS": "off",
        "DATA_FOLDER": str(folder),
        "DEBUG": "on",  # or it asks for collected files first
    }


def migrate(folder: Path) -> None:
    """Without its tables the server does not start."""
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment(folder), check=True, capture_output=True)


@contextmanager
def gunicorn(folder: Path, stderr: int = subprocess.DEVNULL, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """The Procfile's web server, as whoever starts it by hand has it."""
    command = next(line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("web:"))
    server = subprocess.Popen(command.split()[1:], cwd=ROOT, env={**environment(folder), **variables}, stderr=stderr)
    try:
        yield server
    finally:
        server.terminate()
        server.wait(30)


def healthz(connection: socket.socket) -> bytes:
    with connection:
        connection.settimeout(60)  # the first request waits until a worker has booted
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: panel\r\nConnection: close\r\n\r\n")
        return connection.recv(20)


@pytest.mark.slow
@pytest.mark.once
def test_a_socket_is_for_its_owner_and_group_alone(tmp_path: Path) -> None:
    file = tmp_path / "panel.sock"
    migrate(tmp_path)
    with gunicorn(tmp_path, BIND=f"unix:{file}"):
        until(file.exists)
        assert stat.S_IMODE(file.stat().st_mode) == 0o770
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(file))
        assert healthz(connection).startswith(b"HTTP/1.1 200")


@pytest.mark.slow
@pytest.mark.once
def test_no_other_machine_reaches_it_by_default(tmp_path: Path) -> None:
    port = free_port()

    def answers(host: str) -> bool:
        try:
            return healthz(socket.create_connection((host, port), timeout=1)).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    migrate(tmp_path)
    with gunicorn(tmp_path, PORT=str(port)):
        until(lambda: answers("127.0.0.1"))
        assert not answers("127.0.0.2")
