"""Other people's clients, run as they are: the samples of the vendor's page "device/connect/stop", and its npm package.

Only host, ids and credentials differ. What they send and what they read is the vendor's own idea of this API. Of its
client for C# and of its Go library (remoteit/sdk-go) the bytes are sent that they would send.
"""

from __future__ import annotations

import functools
import http.client
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from connections.sandbox import Sandbox
from connections.sandbox.wire.stop import ID_INCORRECT
from tests.support.skips import missing, needs

pytestmark = pytest.mark.once

SAMPLES = Path(__file__).parent / "sample_clients"
NODE_MODULES = Path(__file__).parents[2] / ".venv/node/node_modules"
COMMANDS = {
    "stop.sh": ["sh"],
    "stop.js": ["node"],
    "package.js": ["node"],
    "stop.py": [sys.executable],
    "stop.php": [
        "php",
        "-d",
        "variables_order=EGPCS",
    ],  # without it $_ENV is empty, as the php.ini of most systems has it
}
WRONG_ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"


@dataclass(frozen=True)
class Opened:
    """A connection opened a moment ago, and what a client needs to stop it."""

    base_url: str
    developer_key: str
    token: str
    address: str
    connection_id: str


@pytest.fixture
def opened(sandbox: Sandbox) -> Opened:
    def ask(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = requests.request(method, f"{sandbox.url}/{path}", json=body, headers=headers, timeout=5).json()
        assert answer["status"] == "true", answer
        return answer

    headers = {"developerkey": sandbox.developer_key}
    headers["token"] = ask("POST", "user/login", {"username": sandbox.username, "password": sandbox.password})["token"]
    rows = ask("GET", "device/list/all")["devices"]
    address = next(
        row["deviceaddress"] for row in rows if (row["servicetitle"], row["devicestate"]) == ("SSH", "active")
    )
    answer = ask("POST", "device/connect", {"deviceaddress": address, "wait": True})
    return Opened(sandbox.base_url, sandbox.developer_key, headers["token"], address, answer["connectionid"])


def run(sample: str, folder: Path, env: dict[str, str], **texts: str) -> str:
    """Run a file of `sample_clients` with `texts` replaced in it; returns what it printed."""
    text = (SAMPLES / sample).read_text()
    for old, new in texts.items():
        text = text.replace(old, new)
    assert "https://" not in text
    file = folder / sample
    file.write_text(text)
    bare = {"PATH": os.environ["PATH"], "HOME": str(folder), "NODE_PATH": str(NODE_MODULES)}
    done = subprocess.run(
        [*COMMANDS[sample], file], env={**bare, **env}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_sample(sample: str, opened: Opened, folder: Path) -> str:
    needed = {"stop.js": node_package, "stop.php": php_curl}
    needed.get(sample, lambda: None)()
    env = {
        "REMOTEIT_DEVELOPER_KEY": opened.developer_key,
        "REMOTEIT_TOKEN": opened.token,
        "REMOTEIT_DEVICE_ADDRESS": opened.address,
        "REMOTEIT_CONNECTION_ID": opened.connection_id,
    }
    texts = {
        "https://api.remot3.it": opened.base_url,
        "your_login_token": opened.token,
        "your_developer_key": opened.developer_key,
        "your_device_address": opened.address,
        "your_connection_id": opened.connection_id,
    }
    return run(sample, folder, env, **texts)


def node_package(name: str = "axios") -> None:
    if not (NODE_MODULES / name).is_dir():
        missing(f"the npm package {name}, which .ci/setup installs")


def php_curl() -> None:
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout.split()
    if "curl" not in modules:
        missing("php-curl")


def send_as_csharp(opened: Opened, folder: Path) -> str:
    """Send the bytes that the sample "C#" sends under .NET 8, in its order of headers; returns what it would print."""
    body = json.dumps(
        {"deviceaddress": opened.address, "connectionid": opened.connection_id}, separators=(",", ":")
    ).encode()
    host, _, port = opened.base_url.removeprefix("http://").partition(":")
    head = (
        "POST /apv/v27/device/connect/stop HTTP/1.1\r\n"
        f"Host: {host}:{port}\r\n"
        f"developerkey: {opened.developer_key}\r\n"
        f"token: {opened.token}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "\r\n"
    )
    return exchange(host, int(port), head.encode() + body)


def exchange(host: str, port: int, request: bytes) -> str:
    """The body of the answer to `request`, sent byte for byte."""
    with socket.create_connection((host, port), timeout=5) as client:
        client.sendall(request)
        with http.client.HTTPResponse(client) as response:
            response.begin()
            return response.read().decode()


Client = Callable[[Opened, Path], str]
CLIENTS = {
    "curl": pytest.param(functools.partial(run_sample, "stop.sh"), id="curl", marks=needs("curl")),
    "node": pytest.param(functools.partial(run_sample, "stop.js"), id="node", marks=[pytest.mark.slow, needs("node")]),
    "python": pytest.param(functools.partial(run_sample, "stop.py"), id="python", marks=pytest.mark.slow),
    "csharp": pytest.param(send_as_csharp, id="csharp"),
    "php": pytest.param(functools.partial(run_sample, "stop.php"), id="php", marks=[pytest.mark.slow, needs("php")]),
}
every_client = pytest.mark.parametrize("client", CLIENTS.values())


def state(sandbox: Sandbox, connection_id: str) -> tuple[str, int]:
    row = next(one for one in sandbox.world.rows() if one["connection_id"] == connection_id)
    return row["state"], row["stops_applied"]


def last_stop(sandbox: Sandbox) -> dict[str, Any]:
    row: dict[str, Any] = sandbox.log.rows("device/connect/stop")[-1]
    return row


@every_client
def test_a_sample_stops_a_connection_opened_a_moment_before(
    client: Client, sandbox: Sandbox, opened: Opened, tmp_path: Path
) -> None:
    client(opened, tmp_path)
    assert state(sandbox, opened.connection_id) == ("stopped", 1)


@every_client
def test_a_sample_shows_the_documented_answer(client: Client, opened: Opened, tmp_path: Path) -> None:
    shown = client(opened, tmp_path)
    assert re.search(r"status\W+true\b", shown)
    assert re.search(rf"connectionid\W+{opened.connection_id}\b", shown)


@every_client
def test_a_sample_gets_a_401_for_a_wrong_id(client: Client, sandbox: Sandbox, opened: Opened, tmp_path: Path) -> None:
    client(replace(opened, connection_id=WRONG_ID), tmp_path)
    assert last_stop(sandbox)["status"] == 401
    assert state(sandbox, opened.connection_id) == ("open", 0)


@every_client
def test_a_sample_shows_status_false_and_the_reason(client: Client, opened: Opened, tmp_path: Path) -> None:
    shown = client(replace(opened, connection_id=WRONG_ID), tmp_path)
    assert re.search(r"status\W+false\b", shown)
    assert re.search(rf"reason\W+{ID_INCORRECT}\b", shown)


@pytest.mark.parametrize(
    ("client", "content_type"),
    [
        pytest.param(*CLIENTS[name].values, content_type, id=name, marks=CLIENTS[name].marks)
        for name, content_type in {
            "curl": "application/x-www-form-urlencoded",
            "node": "application/json",
            "python": None,
            "csharp": "text/plain; charset=utf-8",
            "php": "application/x-www-form-urlencoded",
        }.items()
    ],
)
def test_a_sample_is_understood_whatever_content_type_it_sends(
    client: Client, content_type: str | None, sandbox: Sandbox, opened: Opened, tmp_path: Path
) -> None:
    client(opened, tmp_path)
    stop = last_stop(sandbox)
    headers = {name.lower(): value for name, value in stop["headers"]}
    assert (headers.get("content-type"), stop["applied"]) == (content_type, True)


@pytest.fixture
def seen(sandbox: Sandbox, tmp_path: Path) -> dict[str, Any]:
    """What the vendor's npm package saw on its way from login to stop."""
    node_package("remote.it")
    return json.loads(run("package.js", tmp_path, sandbox.environment))


@pytest.mark.slow
@needs("node")
def test_the_npm_package_finds_the_services_of_every_device(sandbox: Sandbox, seen: dict[str, Any]) -> None:
    world = sandbox.server.world
    wanted = {device.address: len(world.by_device[device.address]) - 1 for device in world.devices if device.visible}
    assert {device["id"]: len(device["services"]) for device in seen["devices"]} == wanted


@pytest.mark.slow
@needs("node")
def test_the_npm_package_understands_the_answer_to_a_connect(sandbox: Sandbox, seen: dict[str, Any]) -> None:
    connection = seen["connection"]
    assert connection["url"] == f"ssh://{connection['hostname']}:{connection['port']}"
    assert (connection["expiresIn"], seen["service"]["port"]) == (28800, 22)


@pytest.mark.slow
@needs("node")
def test_the_npm_package_stops_what_it_opened(sandbox: Sandbox, seen: dict[str, Any]) -> None:
    connection_id = seen["connection"]["id"]
    assert seen["stopped"] == {"status": "true", "connectionid": connection_id}
    assert state(sandbox, connection_id) == ("stopped", 1)


@pytest.mark.slow
@needs("node")
def test_the_npm_package_shows_why_a_stop_is_refused(seen: dict[str, Any]) -> None:
    assert seen["again"] == ID_INCORRECT


def send_as_go(sandbox: Sandbox, path: str, body: dict[str, Any] | None = None, token: str = "") -> dict[str, Any]:
    """Send what the Go library sends, in the order in which Go's net/http writes headers; `body` None is a GET."""
    payload = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    host, _, port = sandbox.base_url.removeprefix("http://").partition(":")
    lines = [
        f"{'GET' if body is None else 'POST'} /apv/v27{path} HTTP/1.1",
        f"Host: {host}:{port}",
        "User-Agent: remoteit-sdk-go",
        *([] if body is None else [f"Content-Length: {len(payload)}"]),
        f"Apikey: {sandbox.developer_key}",
        *([f"Token: {token}"] if token else []),
        "Accept-Encoding: gzip",
    ]
    answer: dict[str, Any] = json.loads(exchange(host, int(port), "\r\n".join([*lines, "", ""]).encode() + payload))
    return answer


@pytest.fixture
def go(sandbox: Sandbox) -> dict[str, Any]:
    """What the Go library saw: a password gives it a hash, the hash a token; then it lists, connects, stops twice."""
    send = functools.partial(send_as_go, sandbox)
    login = send("/user/login", {"password": sandbox.password, "username": sandbox.username})
    by_hash = send("/user/login/authhash", {"authhash": login["service_authhash"], "username": sandbox.username})
    send = functools.partial(send, token=by_hash["token"])
    listed = send("/device/list/all?cache=false")
    is_ssh = [row for row in listed["devices"] if (row["servicetitle"], row["devicestate"]) == ("SSH", "active")]
    address = is_ssh[0]["deviceaddress"]
    wish = {"deviceaddress": address, "devicetype": 28, "hostip": "255.255.255.255", "wait": "true"}
    opened = send(
        "/device/connect", {**wish, "isolate": "domain=app.remote.it", "concurrent": True, "proxyType": "port"}
    )
    ids = {"deviceaddress": address, "connectionid": opened["connection"]["connectionid"]}
    stopped, again = (send("/device/connect/stop", ids) for _ in range(2))
    return {"listed": listed, "opened": opened["connection"], "stopped": stopped, "again": again}


def test_the_go_library_stops_what_it_opened(sandbox: Sandbox, go: dict[str, Any]) -> None:
    assert go["stopped"]["status"] == "true"
    assert state(sandbox, go["opened"]["connectionid"]) == ("stopped", 1)


def test_the_go_library_finds_in_each_answer_the_types_it_declares(go: dict[str, Any]) -> None:
    # encoding/json fails as a whole on one field of another type: contracts/proxy.go and device-list-all.go.
    texts = {"deviceaddress", "devicetype", "devicealias", "ownerusername"}
    assert {type(row[name]) for row in go["listed"]["devices"] for name in texts} == {str}
    assert {type(row["scripting"]) for row in go["listed"]["devices"]} == {bool}
    texts = {"connectionid", "sessionID", "initiatorUID", "targetUID", "proxyserver", "proxyport", "proxy", "proxyURL"}
    assert {type(go["opened"][name]) for name in texts} == {str}
    assert (type(go["opened"]["proxyServerPort"]), type(go["opened"]["reverseProxy"])) == (int, bool)


def test_the_go_library_hears_no_of_a_second_stop(go: dict[str, Any]) -> None:
    assert go["again"] == {"status": "false", "reason": ID_INCORRECT}


def test_the_go_library_was_heard_without_a_content_type(sandbox: Sandbox, go: dict[str, Any]) -> None:
    names = [name for name, _ in last_stop(sandbox)["headers"]]
    assert names == ["Host", "User-Agent", "Content-Length", "Apikey", "Token", "Accept-Encoding"]
