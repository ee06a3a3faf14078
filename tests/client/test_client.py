"""From another machine with the client alone: stop what a search matches, wait, fetch evidence that verifies."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connections.sandbox import Sandbox
from tests.support.commands import ROOT
from tests.support.panels import GUNICORN, Panel, until
from tests.support.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.once]
VERIFIER = ROOT / "connections" / "evidence" / "verify_evidence.py"


class Machine:
    """Another machine: it has the client, an address and a token."""

    def __init__(self, url: str, token: str) -> None:
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT / "client"), "RIA_URL": url, "RIA_TOKEN": token}

    def run(self, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "remoteit_admin_client", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[tuple[Machine, Panel]]:
    with Sandbox(connections=12, seed=7) as remoteit:
        panel = Panel(tmp_path, remoteit, f"sqlite:///{tmp_path}/db.sqlite3", f"sqlite:///{tmp_path}/queue.sqlite3")
        panel.manage("sync")
        scopes = "connections:read runs:create runs:read runs:steer history:read evidence:read".split()
        scopes += ["holds:create", "holds:read", "holds:steer"]
        words = [word for scope in scopes for word in ("--scope", scope)]
        token = panel.manage("create_token", "--user", "admin", *words).strip()
        port = free_port()
        environment = {**panel.environment, "PORT": str(port)}
        server = subprocess.Popen(GUNICORN, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        try:
            until(lambda: answers(port))
            with panel.worker():
                yield Machine(f"http://127.0.0.1:{port}", token), panel
        finally:
            server.terminate()
            server.wait(30)


def test_a_script_stops_waits_and_fetches_evidence_that_verifies(
    machine: tuple[Machine, Panel], tmp_path: Path
) -> None:
    client, _panel = machine
    count = len(json.loads(client.run("list", "--match", "status:active", "--json")))
    assert count
    words = ("--match", "status:active", "--reason", "key leaked")
    assert f"{count} would be stopped" in client.run("stop", *words, "--dry-run")
    client.run("stop", *words, "--expected-count", str(count + 1), code=2)
    run = json.loads(client.run("stop", *words, "--max-count", str(count), "--wait", "60", "--json"))
    assert (run["done"], run["counts"]["stopped"]) == (True, count)
    assert str(count) in client.run("run", run["id"], "--wait")
    assert client.run("history", "--run", run["id"], "--action", "stop.requested", "--json").count("\n") == 1
    client.run("evidence", run["id"], "--output", str(tmp_path / "evidence.zip"))
    command = [sys.executable, str(VERIFIER), str(tmp_path / "evidence.zip")]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 3  # fits; whose key was not asked


def test_a_script_holds_waits_in_vain_and_ends_it(machine: tuple[Machine, Panel]) -> None:
    client, _panel = machine
    words = ("--match", "status:active", "--reason", "key leaked", "--level", "watch")
    hold = json.loads(client.run("hold", *words, "--quiet-minutes", "5", "--wait", "1", "--json", code=3))
    assert (hold["state"], hold["level"]) == ("on", "watch")
    assert f"hold {hold['id']}: on" in client.run("holds", hold["id"])
    client.run("holds", hold["id"], "end", code=2)
    ended = json.loads(client.run("holds", hold["id"], "end", "--reason", "a new key", "--wait", "30", "--json"))
    assert (ended["state"], ended["ended_how"]) == ("ended", "withdrawn")
    assert hold["id"] in client.run("holds")


def test_the_completion_offers_each_command_its_own_options() -> None:
    script = Machine("http://127.0.0.1:1", "").run("completion", "bash")
    ask = 'COMP_WORDS=(remoteit-admin hold --q); COMP_CWORD=2; _remoteit_admin; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "--quiet-minutes"
