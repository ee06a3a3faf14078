from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connections.sandbox import FaultRule, Sandbox
from connections.sandbox.wire.faults import IN_GRAPHQL, KINDS

PATH = "/apv/v27/device/connect/stop"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(connections=12, seed=5) as running:
        yield running


@dataclass
class Caller:
    """Stops the connections of the world one after the other over one socket."""

    sandbox: Sandbox
    token: str
    client: http.client.HTTPConnection
    rows: list[dict[str, Any]]

    def send(self, row: dict[str, Any]) -> None:
        headers = {"developerkey": self.sandbox.developer_key, "token": self.token}
        body = {"deviceaddress": row["device_address"], "connectionid": row["connection_id"]}
        self.client.request("POST", PATH, json.dumps(body), headers)

    def stop(self, row: dict[str, Any] | None = None) -> tuple[int, bytes]:
        self.send(row or self.rows.pop())
        response = self.client.getresponse()
        return response.status, response.read()

    def state(self, row: dict[str, Any]) -> str:
        return str(next(one["state"] for one in self.sandbox.world.rows() if one["session_id"] == row["session_id"]))


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    client = http.client.HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=5)
    token = sandbox.call(sandbox.server.accounts.new_token)
    yield Caller(sandbox, token, client, sandbox.world.rows())
    client.close()


def page(title: str) -> str:
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"


# ID stands for the connection id, ADDRESS for the service's address.
ANSWERS = {
    "html500": (500, page("Slim Application Error")),
    "html200": (200, page("Sign in to this network")),
    "html404": (404, page("404 Page Not Found")),
    "404": (404, "404 Not Found\n"),
    "403": (
        403,
        '{"status":"false","reason":"[0405] ADDRESS is not available for public access and is not shared with you."}',
    ),
    "429": (429, '{"status":"false","reason":"too many requests"}'),
    "500": (500, '{"status":"false","reason":"internal error","code":"GENERAL_ERROR"}'),
    "502": (502, page("502 Bad Gateway")),
    "503": (503, page("503 Service Temporarily Unavailable")),
    "401_developerkey": (401, '{"status":"false","reason":"api key failed validation","code":"GENERAL_ERROR"}'),
    "401_connectionid": (401, '{"status":"false","reason":"connectionid is incorrect"}'),
    "401_deviceaddress": (401, '{"status":"false","reason":"deviceaddress is incorrect"}'),
    "token_expired": (401, '{"status":"false","reason":"Auth token expired","code":"GENERAL_ERROR"}'),
    "false_reason": (200, '{"status":"false","reason":"the connection could not be stopped"}'),
    "false_silent": (200, '{"status":"false"}'),
    "pending": (200, '{"status":"pending"}'),
    "ignored": (200, '{"status":"true","connectionid":"ID"}'),
    "empty": (200, ""),
    "truncated": (200, '{"status":"true","connectionid":"ID"}'[:2]),
    "json_array": (200, '[{"status":"true","connectionid":"ID"}]'),
    "true_bool": (200, '{"status":true,"connectionid":"ID"}'),
    "status_twice": (200, '{"status":"false","status":"true","connectionid":"ID"}'),
    "echo_id": (200, '{"status":"true","id":"ID"}'),
    "echo_none": (200, '{"status":"true"}'),
    "close_after": (200, '{"status":"true","connectionid":"ID"}'),
}


@pytest.mark.parametrize("kind", sorted(set(ANSWERS) - {"truncated"}))
def test_a_fault_is_answered_byte_for_byte(sandbox: Sandbox, caller: Caller, kind: str) -> None:
    sandbox.faults.add(FaultRule(kind))
    row = caller.rows[0]
    status, text = ANSWERS[kind]
    body = text.replace("ID", row["connection_id"]).replace("ADDRESS", row["device_address"]).encode()
    assert caller.stop(row) == (status, body)


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_a_fault_stops_the_connection_or_not_as_its_kind_says(sandbox: Sandbox, caller: Caller, kind: str) -> None:
    sandbox.faults.add(FaultRule(kind))
    row = caller.rows[0]
    caller.stop(row)
    assert caller.state(row) == ("stopped" if KINDS[kind][0] else "open")
    assert [(one["fault"], one["applied"]) for one in sandbox.log.rows()] == [(kind, KINDS[kind][0])]


@pytest.mark.parametrize("kind", ["html500", "502", "reset_before", "false_silent", "429", "404"])
def test_a_fault_can_come_after_the_stop_was_applied(sandbox: Sandbox, caller: Caller, kind: str) -> None:
    sandbox.faults.add(FaultRule(kind, applied=True))
    row = caller.rows[0]
    caller.send(row)
    try:
        caller.client.getresponse().read()
    except ConnectionError:
        assert kind == "reset_before"
    assert caller.state(row) == "stopped"


def test_a_truncated_body_is_the_first_half_of_the_answer(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("truncated"))
    row = caller.rows[0]
    whole = b'{"status":"true","connectionid":"%s"}' % row["connection_id"].encode()
    assert caller.stop(row) == (200, whole[: len(whole) // 2])


def test_a_wrong_length_promises_more_than_comes(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("bad_length"))
    with pytest.raises(http.client.IncompleteRead) as caught:
        caller.stop()
    assert json.loads(caught.value.partial)["status"] == "true"
    assert caught.value.expected == 64


def test_another_id_in_the_echo_is_nobodys(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("echo_other"))
    row = caller.rows[0]
    echoed = json.loads(caller.stop(row)[1])["connectionid"]
    assert echoed.lower() not in {one["connection_id"].lower() for one in sandbox.world.rows()}
    assert caller.state(row) == "stopped"


@pytest.mark.parametrize(("kind", "state"), [("reset_before", "open"), ("reset_after", "stopped")])
def test_a_reset_leaves_no_answer(sandbox: Sandbox, caller: Caller, kind: str, state: str) -> None:
    sandbox.faults.add(FaultRule(kind))
    row = caller.rows[0]
    caller.send(row)
    with pytest.raises(ConnectionResetError):
        caller.client.getresponse()
    assert caller.state(row) == state
    assert sandbox.log.rows()[0]["status"] is None


def test_close_after_ends_the_socket_without_saying_so(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("close_after"))
    caller.send(caller.rows.pop())
    response = caller.client.getresponse()
    response.read()
    assert response.getheader("Connection") is None
    assert caller.client.sock.recv(1) == b""


def test_a_delayed_answer_is_late_but_the_stop_is_not(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("delay", delay_s=60))
    row = caller.rows[0]
    caller.client.timeout = 0.2
    caller.send(row)
    with pytest.raises(TimeoutError):
        caller.client.getresponse()
    assert caller.state(row) == "stopped"


def test_a_delayed_answer_arrives_whole(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("delay", delay_s=0.05))
    status, body = caller.stop()
    assert (status, json.loads(body)["status"]) == (200, "true")


def test_a_dripped_body_arrives_whole_in_the_end(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("drip", delay_s=0.001))
    status, body = caller.stop()
    assert (status, json.loads(body)["status"]) == (200, "true")
    assert caller.stop()[0] == 200


def test_a_dripped_body_comes_byte_by_byte(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("drip", delay_s=60))
    caller.send(caller.rows.pop())
    response = caller.client.getresponse()
    assert response.read1() == b"{"


def test_an_endless_body_goes_on(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("endless"))
    caller.send(caller.rows.pop())
    response = caller.client.getresponse()
    assert response.getheader("Content-Length") is None
    assert len(response.read(5_000_000)) == 5_000_000


def test_a_redirect_names_its_location(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("redirect", location="http://127.0.0.1:9/elsewhere"))
    caller.send(caller.rows.pop())
    response = caller.client.getresponse()
    assert (response.status, response.getheader("Location")) == (307, "http://127.0.0.1:9/elsewhere")


@pytest.mark.parametrize("kind", ["429", "503"])
@pytest.mark.parametrize("value", [None, 7, "Fri, 31 Dec 2027 23:59:59 GMT"])
def test_retry_after_is_sent_as_given(sandbox: Sandbox, caller: Caller, kind: str, value: int | str | None) -> None:
    sandbox.faults.add(FaultRule(kind, retry_after=value))
    caller.send(caller.rows.pop())
    assert caller.client.getresponse().getheader("Retry-After") == (None if value is None else str(value))


def statuses(caller: Caller, count: int) -> list[int]:
    return [caller.stop()[0] for _ in range(count)]


def test_a_rule_fires_as_often_as_it_says(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("500", times=2))
    assert statuses(caller, 4) == [500, 500, 200, 200]


def test_a_rule_fires_for_every_nth_request(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("500", every=3))
    assert statuses(caller, 6) == [200, 200, 500, 200, 200, 500]


def test_the_next_rule_takes_over_when_the_first_is_used_up(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("500", times=1), FaultRule("502", times=1))
    assert statuses(caller, 3) == [500, 502, 200]


def test_a_rule_can_name_one_connection(sandbox: Sandbox, caller: Caller) -> None:
    row = caller.rows.pop()
    sandbox.faults.add(FaultRule("500", connection_id=row["connection_id"].swapcase()))
    assert [caller.stop()[0], caller.stop(row)[0]] == [200, 500]


def test_a_rule_can_name_one_address(sandbox: Sandbox, caller: Caller) -> None:
    row = caller.rows.pop()
    other = next(one for one in caller.rows if one["device_address"] != row["device_address"])
    sandbox.faults.add(FaultRule("500", address=row["device_address"].lower()))
    assert [caller.stop(other)[0], caller.stop(row)[0]] == [200, 500]


def test_a_rule_can_meet_another_endpoint(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("503", path="user/login"))
    assert caller.stop()[0] == 200
    caller.client.request("POST", "/apv/v27/user/login", "{}")
    assert caller.client.getresponse().status == 503


def test_a_rule_without_a_path_meets_every_endpoint(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("503", path=None))
    caller.client.request("GET", "/apv/v27/device/list/all")
    assert caller.client.getresponse().status == 503


def test_cleared_rules_are_gone(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("500"))
    sandbox.faults.clear()
    assert caller.stop()[0] == 200


def drawn(seed: int) -> list[str | None]:
    with Sandbox(connections=1, seed=5) as sandbox:
        sandbox.faults.add(FaultRule("mixture", kinds=("500", "502", "html404"), probability=0.5, seed=seed))
        client = http.client.HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=5)
        for _ in range(40):
            client.request("POST", PATH, "{}")
            client.getresponse().read()
        client.close()
        return [row["fault"] for row in sandbox.log.rows()]


def test_a_mixture_draws_the_same_faults_for_the_same_seed() -> None:
    faults = drawn(1)
    assert faults == drawn(1) != drawn(2)
    assert set(faults) == {"500", "502", "html404", None}


def test_a_refusal_is_not_turned_into_a_success_by_an_altered_echo(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("true_bool"))
    assert caller.stop({"device_address": "x", "connection_id": "y"})[0] == 401


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "explode"}, "no fault 'explode'"),
        ({"kind": "mixture", "kinds": ("nope",)}, "no fault 'nope'"),
        ({"kind": "redirect"}, "needs a location"),
        ({"kind": "drip", "applied": False}, "leave out applied"),
        ({"kind": "500", "times": 0}, "whole numbers from 1"),
    ],
)
def test_a_senseless_rule_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FaultRule(**values)


def test_every_kind_has_a_test_here() -> None:
    broken = {"bad_length", "gzip_bomb", "reset_before", "reset_after", "delay", "drip", "endless"}
    assert set(ANSWERS) | broken | {"echo_other", "redirect"} == set(KINDS) - IN_GRAPHQL


@pytest.mark.slow
def test_a_small_answer_in_gzip_unfolds_to_a_large_one(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.faults.add(FaultRule("gzip_bomb"))
    _status, body = caller.stop()
    assert len(body) < 100_000
    assert len(gzip.decompress(body)) == 64 * 1024 * 1024


def test_a_client_that_gives_up_has_still_been_heard(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set(latency_ms=50)
    row = caller.rows[0]
    caller.send(row)
    caller.client.sock.shutdown(socket.SHUT_RDWR)
    deadline = time.monotonic() + 5
    while caller.state(row) == "open" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert caller.state(row) == "stopped"
    assert sandbox.log.rows()[0]["status"] is None
