from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from connections.sandbox.world.settings import SWITCHES
from tests.support.slow import slow_but

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A sandbox process and the lines it printed up to the one that says it is ready."""
    command = [sys.executable, "-m", "connections.sandbox", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if "ready" in line:
                break
        try:
            yield process, lines
        finally:
            process.kill()


def refused(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "connections.sandbox", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)


def environment(lines: list[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines[:-1])


def base(lines: list[str]) -> str:
    return environment(lines)["REMOTEIT_API_URL"].removesuffix("/apv/v27")


def connections(lines: list[str]) -> dict[str, dict[str, Any]]:
    rows = requests.get(f"{base(lines)}/sandbox/connections.json", timeout=5).json()
    return {row["connection_id"]: row for row in rows}


def test_it_prints_what_a_client_needs_and_then_that_it_is_ready() -> None:
    with started("--connections", "7", "--seed", "3") as (_, lines):
        assert list(environment(lines)) == [
            "REMOTEIT_API_URL", "REMOTEIT_GRAPHQL_URL", "REMOTEIT_DEVELOPER_KEY", "REMOTEIT_USERNAME",
            "REMOTEIT_PASSWORD",
        ]  # fmt: skip
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/apv/v27", environment(lines)["REMOTEIT_API_URL"])
        assert lines[-1] == "Sandbox ready: 7 live connections, seed 3. Ctrl-C ends it."


@pytest.mark.slow
def test_it_prints_an_access_key_only_when_asked() -> None:
    with started("--connections", "1", "--print-access-key") as (_, lines):
        assert list(environment(lines))[-2:] == ["R3_ACCESS_KEY_ID", "R3_SECRET_ACCESS_KEY"]


def test_the_printed_credentials_log_in() -> None:
    with started("--connections", "1") as (_, lines):
        given = environment(lines)
        answer = requests.post(
            f"{given['REMOTEIT_API_URL']}/user/login",
            json={"username": given["REMOTEIT_USERNAME"], "password": given["REMOTEIT_PASSWORD"]},
            headers={"developerkey": given["REMOTEIT_DEVELOPER_KEY"]},
            timeout=5,
        )
        assert answer.json()["status"] == "true"


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_and_politely_even_with_a_request_waiting(ending: signal.Signals) -> None:
    with started("--connections", "1", "--latency-ms", "600000") as (process, lines):
        client = http.client.HTTPConnection(base(lines).removeprefix("http://"), timeout=5)
        client.request("GET", "/apv/v27/device/list/all")
        process.send_signal(ending)
        out, err = process.communicate(timeout=20)
        client.close()
        assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.slow
def test_a_taken_port_is_told_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = refused("--port", port)
    assert (result.returncode, result.stdout) == (2, "")
    assert (
        result.stderr == f"Port {port} on 127.0.0.1 is taken: end what listens there, or choose another with --port.\n"
    )


@pytest.mark.parametrize("host", slow_but(["0.0.0.0"], ["0.0.0.0", "192.168.1.5", "example.com", "::"]))
def test_only_loopback_addresses_are_accepted(host: str) -> None:
    result = refused("--host", host)
    assert result.returncode == 2
    assert "not a loopback address" in result.stderr


WRONG = [["--port", "-1"], ["--connections", "x"], ["--stopped-again", "maybe"]]


@pytest.mark.parametrize("arguments", slow_but(WRONG[:1], WRONG))
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    result = refused(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


GUESSES = ["--stopped-again", "--expired", "--foreign", "--echo", "--token-life-s"]


@pytest.mark.parametrize("switch", slow_but(GUESSES[:1], GUESSES))
def test_the_help_says_what_the_vendor_does_not_document(switch: str) -> None:
    words = " ".join(refused("--help").stdout.split())
    described = words.split(f" {switch} ")[-1].split(" --")[0]
    assert "not documented by remote.it" in described


@pytest.mark.parametrize("name", SWITCHES)
def test_every_switch_is_documented(name: str) -> None:
    assert f"\n| `{name.replace('_', '-')}` | " in (ROOT / "docs/sandbox.md").read_text()


def test_a_switch_of_the_command_line_is_in_force() -> None:
    with started("--connections", "1", "--echo", "none") as (_, lines):
        answer = requests.post(f"{base(lines)}/sandbox/settings", json={}, timeout=5).json()
        assert (answer["echo"], answer["latency_ms"]) == ("none", 120)


def stop_first(lines: list[str]) -> str:
    """Stop one connection over HTTP and return its id."""
    given, row = environment(lines), next(iter(connections(lines).values()))
    with requests.Session() as session:
        session.headers["developerkey"] = given["REMOTEIT_DEVELOPER_KEY"]
        login = {"username": given["REMOTEIT_USERNAME"], "password": given["REMOTEIT_PASSWORD"]}
        session.headers["token"] = session.post(f"{given['REMOTEIT_API_URL']}/user/login", json=login).json()["token"]
        body = {"deviceaddress": row["device_address"], "connectionid": row["connection_id"]}
        session.post(f"{given['REMOTEIT_API_URL']}/device/connect/stop", json=body)
    return str(row["connection_id"])


def test_the_world_survives_a_restart(tmp_path: Path) -> None:
    arguments = ("--connections", "9", "--latency-ms", "0", "--state", str(tmp_path / "world.json"))
    with started(*arguments) as (process, lines):
        stopped = stop_first(lines)
        before = connections(lines)
        process.terminate()
        process.wait(timeout=20)
    with started(*arguments) as (_, lines):
        after = connections(lines)
        assert {one: after[one] for one in before} == before
        assert before[stopped]["state"] == "stopped"


@pytest.mark.slow
def test_a_restart_opens_new_connections_for_those_that_ended(tmp_path: Path) -> None:
    arguments = ("--connections", "9", "--latency-ms", "0", "--state", str(tmp_path / "world.json"))
    with started(*arguments) as (process, lines):
        stop_first(lines)
        process.terminate()
        process.wait(timeout=20)
    with started(*arguments) as (_, lines):
        assert lines[-1].startswith("Sandbox ready: 9 live connections")
        assert sorted(row["state"] for row in connections(lines).values()) == ["open"] * 9 + ["stopped"]


@pytest.mark.slow
def test_a_change_is_on_disk_soon_even_when_the_process_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    with started("--connections", "3", "--latency-ms", "0", "--state", str(file)) as (process, lines):
        stopped = stop_first(lines)
        deadline = time.monotonic() + 10
        while stopped not in saved_stops(file) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
        process.wait()
    assert saved_stops(file) == {stopped}


def saved_stops(file: Path) -> set[str]:
    return {one["id"] for one in json.loads(file.read_text())["connections"] if one["stops"]}


@pytest.mark.parametrize("content", slow_but([""], ["", "[]", '{"version": 1}', '{"version": 99}']))
def test_a_state_file_that_is_not_ours_is_told_in_one_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "world.json"
    file.write_text(content)
    result = refused("--state", str(file), "--port", "0")
    assert result.returncode == 2
    assert result.stderr.startswith(str(file)) and result.stderr.count("\n") == 1
    assert file.read_text() == content


@pytest.mark.slow
def test_a_state_file_in_no_directory_is_told_in_one_sentence(tmp_path: Path) -> None:
    result = refused("--state", str(tmp_path / "missing" / "world.json"), "--port", "0")
    assert result.returncode == 2
    assert result.stderr.startswith("The sandbox could not start: No such file or directory")


@pytest.mark.slow
def test_the_management_command_takes_the_same_arguments() -> None:
    command = [sys.executable, "manage.py", "sandbox", "--host", "0.0.0.0"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 2
    assert "not a loopback address" in result.stderr
