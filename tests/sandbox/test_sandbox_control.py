from __future__ import annotations

import csv
import http.client
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connections.sandbox import Sandbox
from connections.sandbox.wire.http import Request
from connections.sandbox.wire.log import RequestLog

STOP = "/apv/v27/device/connect/stop"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(connections=15, seed=6) as running:
        yield running


def control(sandbox: Sandbox, method: str, path: str, value: Any = None) -> requests.Response:
    return requests.request(method, f"{sandbox.base_url}/sandbox/{path}", json=value, timeout=5)


def log(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [json.loads(line) for line in control(sandbox, "GET", "log").text.splitlines()]


def call(sandbox: Sandbox, body: bytes, headers: dict[str, str]) -> None:
    client = http.client.HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=5)
    client.request("POST", f"{STOP}?x=1", body, headers)
    client.getresponse().read()
    client.close()


def test_the_log_holds_headers_and_body_as_they_arrived(sandbox: Sandbox) -> None:
    call(sandbox, '{"connectionid": "Ä"}'.encode(), {"DeveloperKey": "abc", "tOKEN": "d: e", "X-Twice": "1"})
    [entry] = log(sandbox)
    assert (entry["n"], entry["method"], entry["path"]) == (1, "POST", f"{STOP}?x=1")
    assert entry["headers"] == [
        ["Host", sandbox.base_url.removeprefix("http://")],
        ["Accept-Encoding", "identity"],
        ["Content-Length", "22"],
        ["DeveloperKey", "abc"],
        ["tOKEN", "d: e"],
        ["X-Twice", "1"],
    ]
    assert entry["body"] == '{"connectionid": "Ä"}'


def test_the_log_tells_what_became_of_a_request(sandbox: Sandbox) -> None:
    call(sandbox, b"{}", {})
    [entry] = log(sandbox)
    assert (entry["applied"], entry["status"], entry["fault"]) == (False, 401, None)


def test_the_log_marks_a_stop_that_took_effect(sandbox: Sandbox) -> None:
    row = sandbox.world.rows()[0]
    token = sandbox.call(sandbox.server.accounts.new_token)
    body = json.dumps({"deviceaddress": row["device_address"], "connectionid": row["connection_id"]}).encode()
    for _ in range(2):
        call(sandbox, body, {"developerkey": sandbox.developer_key, "token": token})
    assert [(entry["applied"], entry["status"]) for entry in log(sandbox)] == [(True, 200), (False, 401)]


def test_control_requests_are_not_logged(sandbox: Sandbox) -> None:
    control(sandbox, "GET", "connections.json")
    assert log(sandbox) == []


def test_the_log_can_be_emptied_and_goes_on_counting(sandbox: Sandbox) -> None:
    call(sandbox, b"{}", {})
    control(sandbox, "DELETE", "log")
    assert log(sandbox) == []
    call(sandbox, b"{}", {})
    assert [entry["n"] for entry in log(sandbox)] == [2]


def test_a_full_log_says_how_much_it_cut() -> None:
    kept = RequestLog(kept=2)
    for _ in range(5):
        kept.add(Request(b"GET /apv/v27/x HTTP/1.1\r\nHost: x", "127.0.0.1"))
    first, *rest = [json.loads(line) for line in kept.lines().splitlines()]
    assert first == {"cut": 3}
    assert [entry["n"] for entry in rest] == [4, 5]


def unanswered_stop(sandbox: Sandbox) -> http.client.HTTPConnection:
    client = http.client.HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=5)
    client.request("POST", STOP, b"{}")
    return client


def in_flight(sandbox: Sandbox, awaited: int) -> dict[str, int]:
    while (counts := control(sandbox, "GET", "in_flight").json())["in_flight"] != awaited:
        time.sleep(0.01)
    return counts


def test_it_counts_the_stops_in_flight_and_keeps_the_peak(sandbox: Sandbox) -> None:
    sandbox.set(latency_ms=30_000)
    clients = [unanswered_stop(sandbox) for _ in range(3)]
    assert in_flight(sandbox, awaited=3)["in_flight_peak"] == 3
    for client in clients:
        client.close()
    assert in_flight(sandbox, awaited=0)["in_flight_peak"] == 3


def test_an_answered_stop_is_not_in_flight(sandbox: Sandbox) -> None:
    sandbox.set(latency_ms=0)
    for _ in range(2):
        call(sandbox, b"{}", {})
    assert in_flight(sandbox, awaited=0) == {"in_flight": 0, "in_flight_peak": 1}


def test_the_csv_lists_the_live_connections_only(sandbox: Sandbox) -> None:
    sandbox.call(lambda: sandbox.server.world.stop(sandbox.server.world.live()[0]))
    response = control(sandbox, "GET", "connections.csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert {row["connection_id"] for row in rows} == {row["connection_id"] for row in sandbox.world.rows("open")}
    assert len(rows) == 14


def test_the_csv_has_the_columns_that_the_import_reads(sandbox: Sandbox) -> None:
    assert control(sandbox, "GET", "connections.csv").text.splitlines()[0] == (
        "device_address,connection_id,device_name,service_name,opened_by,opened_at,expires_at"
    )


def test_names_with_commas_quotes_and_accents_survive_the_csv() -> None:
    with Sandbox(connections=600, seed=1) as sandbox:
        rows = list(csv.DictReader(io.StringIO(control(sandbox, "GET", "connections.csv").content.decode())))
        wanted = {row["connection_id"]: row["device_name"] for row in sandbox.world.rows()}
    assert {row["connection_id"]: row["device_name"] for row in rows} == wanted
    assert all(any(sign in name for name in wanted.values()) for sign in (",", '"', "ö"))


def test_the_json_lists_every_connection_with_its_state(sandbox: Sandbox) -> None:
    sandbox.call(lambda: sandbox.server.world.stop(sandbox.server.world.live()[0]))
    rows = control(sandbox, "GET", "connections.json").json()
    assert len(rows) == 15
    stopped = [row for row in rows if row["state"] == "stopped"]
    assert [row["stops_applied"] for row in stopped] == [1]
    assert stopped[0]["stopped_at"] is not None


def test_the_clock_can_be_advanced(sandbox: Sandbox) -> None:
    assert control(sandbox, "POST", "clock", {"advance_s": 28800}).json() == {"offset_s": 28800.0}
    assert {row["state"] for row in control(sandbox, "GET", "connections.json").json()} == {"expired"}


@pytest.mark.parametrize("value", [{}, {"advance_s": "1"}, {"advance_s": -1}, []])
def test_a_senseless_step_of_the_clock_is_refused(sandbox: Sandbox, value: object) -> None:
    assert control(sandbox, "POST", "clock", value).status_code == 400


def test_settings_can_be_changed(sandbox: Sandbox) -> None:
    answer = control(sandbox, "POST", "settings", {"latency_ms": 3, "echo": "id"}).json()
    assert (answer["latency_ms"], answer["echo"], answer["expired"]) == (3, "id", "refuse")


@pytest.mark.parametrize("value", [{"speed": 1}, {"latency_ms": "3"}, {"latency_ms": -1}, {"echo": "both"}])
def test_senseless_settings_are_refused(sandbox: Sandbox, value: dict[str, Any]) -> None:
    assert control(sandbox, "POST", "settings", value).status_code == 400


def test_a_fault_can_be_armed_and_disarmed(sandbox: Sandbox) -> None:
    [rule] = control(sandbox, "POST", "faults", {"kind": "502", "times": 3}).json()
    assert (rule["kind"], rule["times"], rule["fired"]) == ("502", 3, 0)
    call(sandbox, b"{}", {})
    assert control(sandbox, "GET", "faults").json()[0]["fired"] == 1
    assert control(sandbox, "DELETE", "faults").json() == []
    call(sandbox, b"{}", {})
    assert [entry["status"] for entry in log(sandbox)] == [502, 401]


def test_several_faults_can_be_armed_at_once(sandbox: Sandbox) -> None:
    rules = [{"kind": "500"}, {"kind": "mixture", "kinds": ["502", "503"], "probability": 0.1, "seed": 4}]
    assert len(control(sandbox, "POST", "faults", rules).json()) == 2


@pytest.mark.parametrize("value", [{"kind": "nope"}, {"kind": "500", "often": 2}, {}, 7, {"kind": "500", "times": "x"}])
def test_a_senseless_fault_is_refused_in_a_sentence(sandbox: Sandbox, value: object) -> None:
    response = control(sandbox, "POST", "faults", value)
    assert response.status_code == 400
    assert response.text.endswith(".\n")
    assert control(sandbox, "GET", "faults").json() == []


def test_an_unknown_control_path_lists_the_known_ones(sandbox: Sandbox) -> None:
    response = control(sandbox, "GET", "nothing")
    assert response.status_code == 404
    assert "GET /sandbox/connections.csv" in response.text


def received(sandbox: Sandbox, sent: bytes) -> bytes:
    client = http.client.HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=5)
    client.connect()
    client.sock.sendall(sent)
    answer = b"".join(iter(lambda: client.sock.recv(65536), b""))
    client.close()
    return answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 411 "),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"HTTP/1.1 413 "),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70000, b"HTTP/1.1 431 "),
    ],
)
def test_bytes_that_are_no_request_are_answered_and_the_socket_closed(
    sandbox: Sandbox, sent: bytes, status: bytes
) -> None:
    assert received(sandbox, sent).startswith(status)
