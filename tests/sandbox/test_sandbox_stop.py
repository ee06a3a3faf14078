from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connections.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(connections=30, seed=3) as running:
        yield running


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["developerkey"] = sandbox.developer_key
        body = {"username": sandbox.username, "password": sandbox.password}
        session.headers["token"] = session.post(f"{sandbox.url}/user/login", json=body).json()["token"]
        yield session


def own(sandbox: Sandbox) -> dict[str, Any]:
    """A live connection that the logged-in user opened."""
    row: dict[str, Any] = next(row for row in sandbox.world.rows("open") if row["opened_by"] == sandbox.username)
    return row


def stop(sandbox: Sandbox, session: requests.Session, row: dict[str, Any], **changes: Any) -> requests.Response:
    body = {"deviceaddress": row["device_address"], "connectionid": row["connection_id"], **changes}
    return session.post(f"{sandbox.url}/device/connect/stop", data=json.dumps(body))


def state(sandbox: Sandbox, row: dict[str, Any]) -> tuple[str, int]:
    now = next(one for one in sandbox.world.rows() if one["connection_id"] == row["connection_id"])
    return now["state"], now["stops_applied"]


def test_a_stop_is_answered_byte_for_byte_as_documented(sandbox: Sandbox, session: requests.Session) -> None:
    row = own(sandbox)
    response = stop(sandbox, session, row)
    assert response.status_code == 200
    assert response.content == b'{"status":"true","connectionid":"%s"}' % row["connection_id"].encode()


def test_a_stop_ends_the_connection(sandbox: Sandbox, session: requests.Session) -> None:
    row = own(sandbox)
    stop(sandbox, session, row)
    assert state(sandbox, row) == ("stopped", 1)


def test_a_connection_just_opened_can_be_stopped(sandbox: Sandbox, session: requests.Session) -> None:
    address = own(sandbox)["device_address"]
    opened = session.post(f"{sandbox.url}/device/connect", json={"deviceaddress": address, "wait": True}).json()
    row = {"device_address": address, "connection_id": opened["connectionid"]}
    assert stop(sandbox, session, row).json() == {"status": "true", "connectionid": opened["connectionid"]}


def test_id_and_address_match_in_any_case_and_the_echo_keeps_the_true_one(
    sandbox: Sandbox, session: requests.Session
) -> None:
    row = own(sandbox)
    response = stop(
        sandbox, session, row, connectionid=row["connection_id"].swapcase(),
        deviceaddress=row["device_address"].lower(),
    )  # fmt: skip
    assert response.json()["connectionid"] == row["connection_id"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"connectionid": "00000000-0000-4000-8000-000000000000"}, "connectionid is incorrect"),
        ({"connectionid": ""}, "connectionid is missing"),
        ({"deviceaddress": "80:00:00:00:00:00:00:99"}, "deviceaddress is incorrect"),
        ({"deviceaddress": ""}, "deviceaddress is missing"),
    ],
)
def test_a_wrong_or_missing_value_is_refused_with_401(
    sandbox: Sandbox, session: requests.Session, changes: dict[str, str], reason: str
) -> None:
    row = own(sandbox)
    response = stop(sandbox, session, row, **changes)
    assert (response.status_code, response.json()) == (401, {"status": "false", "reason": reason})
    assert state(sandbox, row) == ("open", 0)


def test_the_address_of_another_connection_is_refused(sandbox: Sandbox, session: requests.Session) -> None:
    row = own(sandbox)
    other = next(one for one in sandbox.world.rows() if one["device_address"] != row["device_address"])
    response = stop(sandbox, session, row, deviceaddress=other["device_address"])
    assert (response.status_code, response.json()["reason"]) == (401, "deviceaddress is incorrect")


def test_a_body_that_is_no_json_is_refused(sandbox: Sandbox, session: requests.Session) -> None:
    response = session.post(f"{sandbox.url}/device/connect/stop", data="connectionid=1")
    assert (response.status_code, response.json()["reason"]) == (401, "connectionid is missing")


ANSWERS = [
    ("refuse", 401, "false", True),
    ("true", 200, "true", False),
    ("false", 200, "false", True),
    ("silent", 200, "false", False),
]


@pytest.mark.parametrize(("choice", "status_code", "status", "has_reason"), ANSWERS)
def test_a_second_stop_is_answered_by_its_switch(
    sandbox: Sandbox, session: requests.Session, choice: str, status_code: int, status: str, has_reason: bool
) -> None:
    sandbox.set(stopped_again=choice)
    row = own(sandbox)
    stop(sandbox, session, row)
    again = stop(sandbox, session, row)
    assert (again.status_code, again.json()["status"], "reason" in again.json()) == (status_code, status, has_reason)
    assert state(sandbox, row) == ("stopped", 1)


@pytest.mark.parametrize(("choice", "status_code", "status", "has_reason"), ANSWERS)
def test_a_stop_after_expiry_is_answered_by_its_switch(
    sandbox: Sandbox, session: requests.Session, choice: str, status_code: int, status: str, has_reason: bool
) -> None:
    sandbox.set(expired=choice)
    row = own(sandbox)
    sandbox.advance(28800)
    answer = stop(sandbox, session, row)
    assert (answer.status_code, answer.json()["status"], "reason" in answer.json()) == (
        status_code, status, has_reason,
    )  # fmt: skip
    assert state(sandbox, row) == ("expired", 0)


@pytest.mark.parametrize(("choice", "status_code", "status", "has_reason"), ANSWERS)
def test_a_stop_of_somebody_elses_connection_is_answered_by_its_switch(
    sandbox: Sandbox, session: requests.Session, choice: str, status_code: int, status: str, has_reason: bool
) -> None:
    sandbox.set(foreign=choice)
    row = next(row for row in sandbox.world.rows("open") if row["opened_by"] != sandbox.username)
    answer = stop(sandbox, session, row)
    assert (answer.status_code, answer.json()["status"], "reason" in answer.json()) == (
        status_code, status, has_reason,
    )  # fmt: skip
    assert state(sandbox, row) == (("stopped", 1) if choice == "true" else ("open", 0))


@pytest.mark.parametrize(
    ("echo", "keys"), [("connectionid", ["status", "connectionid"]), ("id", ["status", "id"]), ("none", ["status"])]
)
def test_the_echo_of_the_id_can_be_chosen(
    sandbox: Sandbox, session: requests.Session, echo: str, keys: list[str]
) -> None:
    sandbox.set(echo=echo)
    assert list(stop(sandbox, session, own(sandbox)).json()) == keys


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_the_body_is_json_whatever_its_content_type(
    sandbox: Sandbox, session: requests.Session, content_type: str | None
) -> None:
    row = own(sandbox)
    body = json.dumps({"deviceaddress": row["device_address"], "connectionid": row["connection_id"]}).encode()
    headers = {"Content-Type": content_type} if content_type else {}
    response = session.post(f"{sandbox.url}/device/connect/stop", data=body, headers=headers)
    assert response.json()["status"] == "true"


@pytest.mark.parametrize(
    "path", ["/apv/v27/device/connect/stop/", "//apv//v27//device/connect/stop", "/apv/v27/device/connect/stop?x=1"]
)
def test_extra_slashes_and_a_query_do_not_matter(sandbox: Sandbox, session: requests.Session, path: str) -> None:
    assert session.post(sandbox.base_url + path, data="{}").json()["reason"] == "connectionid is missing"


def test_any_host_name_is_served(sandbox: Sandbox, session: requests.Session) -> None:
    response = session.post(f"{sandbox.url}/device/connect/stop", data="{}", headers={"Host": "api.remot3.it"})
    assert response.status_code == 401


@pytest.mark.parametrize("path", ["/device/connect/stop", "/apv/v26/device/connect/stop", "/apv/v27/device/stop"])
def test_another_path_is_an_html_page_with_404(sandbox: Sandbox, session: requests.Session, path: str) -> None:
    response = session.post(sandbox.base_url + path, data="{}")
    assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=UTF-8")
    assert "404 Page Not Found" in response.text


def test_one_socket_serves_many_requests(sandbox: Sandbox, session: requests.Session) -> None:
    headers = {"developerkey": sandbox.developer_key, "token": str(session.headers["token"])}
    client = http.client.HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=5)
    client.connect()
    port = client.sock.getsockname()
    for _ in range(3):
        client.request("POST", "/apv/v27/device/connect/stop", "{}", headers)
        client.getresponse().read()
    assert client.sock.getsockname() == port
    client.close()


def test_requests_sent_ahead_are_answered_in_turn(sandbox: Sandbox) -> None:
    client = http.client.HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=5)
    client.connect()
    one = b"GET /apv/v27/%s HTTP/1.1\r\nHost: x\r\n%s\r\n"
    client.sock.sendall(one % (b"device/list/all", b"") + one % (b"nowhere", b"Connection: close\r\n"))
    received = b"".join(iter(lambda: client.sock.recv(65536), b""))
    client.close()
    assert received.index(b"HTTP/1.1 401") < received.index(b"HTTP/1.1 404")


def test_the_vendors_python_sample_works_with_the_host_replaced(sandbox: Sandbox, session: requests.Session) -> None:
    # The call of the vendor's page device/connect/stop, with the same arguments.
    row = own(sandbox)
    headers = {"developerkey": sandbox.developer_key, "token": str(session.headers["token"])}
    body = {"deviceaddress": row["device_address"], "connectionid": row["connection_id"]}
    url = f"{sandbox.base_url}/apv/v27/device/connect/stop"
    response = requests.post(url, data=json.dumps(body), headers=headers)
    assert (response.status_code, response.json()["status"]) == (200, "true")
