from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connections.sandbox import Sandbox

ADDRESS = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){7}")
UPPER_ODD = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[0-7C-F][0-9A-F]{3}-[0-9A-F]{12}")
LOWER_V4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# The keys of the captured answers and the types of their values: remoteit-api reference, sections 2.1 and 2.3.
CONNECTION = {
    **dict.fromkeys(
        ("deviceaddress", "targetUID", "status", "requested", "requestedAt", "proxy", "proxyserver", "proxyport",
         "proxyURL", "expirationsec", "connectionid", "sessionID", "initiator", "initiatorUID", "clientID",
         "filteredIP", "latchedIP", "peerReqEP", "peerEP", "imageintervalms"), str,
    ),
    **dict.fromkeys(("proxyServerPort", "proxyExpirationSec", "lifeLeft", "idleLeft"), int),
    **dict.fromkeys(("reverseProxy", "p2pConnected", "serviceConnected"), bool),
    **dict.fromkeys(("streamscheme", "streamuri", "url"), list),
}  # fmt: skip
ROW = {
    **dict.fromkeys(
        ("deviceaddress", "devicealias", "ownerusername", "devicetype", "devicestate", "devicelastip",
         "lastinternalip", "servicetitle", "webenabled", "localurl", "georegion", "lastcontacted", "createdate",
         "shared"), str,
    ),
    **dict.fromkeys(("weburi", "webviewerurl"), list),
    "scripting": bool,
}  # fmt: skip


def types(answer: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in answer.items()}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(connections=40, seed=2) as running:
        yield running


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["developerkey"] = sandbox.developer_key
        body = {"username": sandbox.username, "password": sandbox.password}
        session.headers["token"] = session.post(f"{sandbox.url}/user/login", json=body).json()["token"]
        yield session


def listed(sandbox: Sandbox, session: requests.Session) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.get(f"{sandbox.url}/device/list/all?cache=false").json()["devices"]
    return rows


def address_of(sandbox: Sandbox, title_kind: str) -> str:
    services = sandbox.call(lambda: list(sandbox.server.world.services.values()))
    return next(one.address for one in services if one.kind == title_kind and one.device.state == "active")


def connect(sandbox: Sandbox, session: requests.Session, **body: Any) -> requests.Response:
    return session.post(f"{sandbox.url}/device/connect", json=body)


def test_the_list_names_services_and_each_device_by_its_bulk_service(
    sandbox: Sandbox, session: requests.Session
) -> None:
    rows = listed(sandbox, session)
    bulk = [row for row in rows if row["servicetitle"] == "Bulk Service"]
    assert len(bulk) == 40
    assert len(rows) > 2 * len(bulk) - 1
    assert all(ADDRESS.fullmatch(row["deviceaddress"]) for row in rows)


def test_a_listed_row_has_the_documented_keys(sandbox: Sandbox, session: requests.Session) -> None:
    answer = session.get(f"{sandbox.url}/device/list/all").json()
    assert types(answer) == {"status": str, "cache_expires": int, "length": int, "cached": str, "devices": list}
    assert all(types(row) == ROW for row in answer["devices"])
    row = answer["devices"][0]
    assert (row["weburi"], row["webenabled"], type(row["scripting"])) == ([None], "1", bool)
    assert row["devicetype"].startswith("00:23:") and len(row["devicetype"].split(":")) == 16


def test_the_list_says_connected_for_services_with_a_live_connection_only(
    sandbox: Sandbox, session: requests.Session
) -> None:
    live = {row["device_address"] for row in sandbox.world.rows("open")}
    assert {row["deviceaddress"] for row in listed(sandbox, session) if row["devicestate"] == "connected"} == live


def test_the_list_never_carries_a_connection_id(sandbox: Sandbox, session: requests.Session) -> None:
    text = session.get(f"{sandbox.url}/device/list/all").text.lower()
    assert not [row for row in sandbox.world.rows() if row["connection_id"].lower() in text]


def test_the_length_in_the_list_is_no_count_of_devices(sandbox: Sandbox, session: requests.Session) -> None:
    answer = session.get(f"{sandbox.url}/device/list/all").json()
    assert answer["length"] > 10 * len(answer["devices"])


def test_slashes_are_escaped(sandbox: Sandbox, session: requests.Session) -> None:
    answer = connect(sandbox, session, deviceaddress=address_of(sandbox, "ssh"), wait=True)
    assert b'"proxy":"http:\\/\\/proxy' in answer.content


def test_a_service_title_is_the_kind_of_service(sandbox: Sandbox, session: requests.Session) -> None:
    titles = {row["devicetype"][:5]: row["servicetitle"] for row in listed(sandbox, session)}
    assert titles == {"00:1C": "SSH", "00:07": "HTTP", "00:05": "RDP", "00:04": "VNC", "00:23": "Bulk Service"}


def test_the_metadata_list_has_one_entry_a_service(sandbox: Sandbox, session: requests.Session) -> None:
    answer = session.get(f"{sandbox.url}/device/metadata/list/me").json()
    assert answer["status"] == "true"
    assert list(answer["devices"]) == [row["deviceaddress"].lower() for row in listed(sandbox, session)]


def test_the_services_of_a_device_share_a_hardware_id(sandbox: Sandbox, session: requests.Session) -> None:
    entries = session.get(f"{sandbox.url}/device/metadata/list/me").json()["devices"]
    world = sandbox.server.world
    ids = [{entries[one.address.lower()]["hardwareid"] for one in world.by_device[device.address]}
           for device in world.devices if device.visible]  # fmt: skip
    assert [len(one) for one in ids] == [1] * 40
    assert len(set.union(*ids)) == 40


@pytest.mark.parametrize("wait", [True, "true", ""])
def test_connect_gives_the_full_documented_shape(sandbox: Sandbox, session: requests.Session, wait: object) -> None:
    address = address_of(sandbox, "ssh")
    answer = connect(sandbox, session, deviceaddress=address, wait=wait, hostip="255.255.255.255").json()
    connection = answer["connection"]
    assert types(answer) == {"status": str, "connection": dict, "wait": bool, "connectionid": str}
    assert types(connection) == CONNECTION
    assert answer["status"] == "true" and answer["wait"] is True
    assert answer["connectionid"] == connection["connectionid"]
    assert connection["deviceaddress"] == connection["targetUID"] == address
    assert (connection["expirationsec"], connection["proxyExpirationSec"]) == ("28800", 28800)
    assert connection["proxyport"] == str(connection["proxyServerPort"])
    assert (connection["reverseProxy"], connection["p2pConnected"], connection["serviceConnected"]) == (
        False, True, True,
    )  # fmt: skip
    assert len(bytes.fromhex(connection["sessionID"])) == 20
    assert connection["initiator"] == sandbox.username
    assert connection["filteredIP"] == "latching"


@pytest.mark.parametrize(
    ("host_ip", "filtered"),
    [("0.0.0.0", "none"), ("255.255.255.255", "latching"), ("198.51.100.9", "198.51.100.9"), (None, "127.0.0.1")],
)
def test_connect_knows_each_way_to_limit_the_caller(
    sandbox: Sandbox, session: requests.Session, host_ip: str | None, filtered: str
) -> None:
    body = {"deviceaddress": address_of(sandbox, "vnc"), "wait": "true", "hostip": host_ip}
    assert connect(sandbox, session, **body).json()["connection"]["filteredIP"] == filtered


def test_a_web_service_gets_a_reverse_proxy_without_a_port(sandbox: Sandbox, session: requests.Session) -> None:
    connection = connect(sandbox, session, deviceaddress=address_of(sandbox, "http")).json()["connection"]
    assert connection["reverseProxy"] is True
    assert re.fullmatch(r"https://[a-z]+\.p\d+\.rt3\.io", connection["proxy"])


def test_connecting_again_replaces_the_first_connection(sandbox: Sandbox, session: requests.Session) -> None:
    address = address_of(sandbox, "rdp")
    first = connect(sandbox, session, deviceaddress=address).json()["connectionid"]
    second = connect(sandbox, session, deviceaddress=address).json()
    replaced = {"connectionOverridden": str, "previousConnection": str}
    assert types(second["connection"]) == CONNECTION | replaced
    assert second["connection"]["connectionOverridden"] == "true"
    row = next(row for row in sandbox.world.rows() if row["connection_id"] == first)
    assert (row["state"], row["stops_applied"], row["replaced_by"]) == ("stopped", 0, second["connectionid"])


def test_a_concurrent_connect_leaves_the_first_one_open(sandbox: Sandbox, session: requests.Session) -> None:
    address = address_of(sandbox, "rdp")
    first = connect(sandbox, session, deviceaddress=address).json()["connectionid"]
    second = connect(sandbox, session, deviceaddress=address, concurrent=True).json()
    assert "connectionOverridden" not in second["connection"]
    assert first in {row["connection_id"] for row in sandbox.world.rows("open")}


@pytest.mark.parametrize(("style", "form"), [("upper", UPPER_ODD), ("lower", LOWER_V4)])
def test_the_style_of_new_ids_can_be_chosen(
    sandbox: Sandbox, session: requests.Session, style: str, form: re.Pattern[str]
) -> None:
    sandbox.set(id_style=style)
    answer = connect(sandbox, session, deviceaddress=address_of(sandbox, "ssh")).json()
    assert form.fullmatch(answer["connectionid"])


def test_an_unknown_service_is_refused_with_http_200(sandbox: Sandbox, session: requests.Session) -> None:
    response = connect(sandbox, session, deviceaddress="80:00:00:00:00:00:00:99")
    assert response.status_code == 200
    assert response.json()["status"] == "false" and "[0861]" in response.json()["reason"]


def test_somebody_elses_device_is_forbidden(sandbox: Sandbox, session: requests.Session) -> None:
    response = connect(sandbox, session, deviceaddress="80:00:00:00:01:FF:FF:01")
    assert response.status_code == 403
    assert response.json()["reason"].startswith("[0405] 80:00:00:00:01:FF:FF:01 is not available")


def test_an_offline_device_is_refused_without_a_reason(sandbox: Sandbox, session: requests.Session) -> None:
    services = sandbox.call(lambda: list(sandbox.server.world.services.values()))
    offline = next(one.address for one in services if one.device.state == "inactive")
    response = connect(sandbox, session, deviceaddress=offline)
    assert (response.status_code, response.content) == (200, b'{"status":"false"}')


def test_a_missing_token_is_named(sandbox: Sandbox) -> None:
    headers = {"developerkey": sandbox.developer_key}
    response = requests.get(f"{sandbox.url}/device/list/all", headers=headers, timeout=5)
    assert (response.status_code, response.json()["reason"]) == (401, "missing api token")


def test_a_token_nobody_was_given_is_refused(sandbox: Sandbox) -> None:
    headers = {"developerkey": sandbox.developer_key, "token": "0" * 32}
    assert requests.get(f"{sandbox.url}/device/list/all", headers=headers, timeout=5).status_code == 401


def test_a_token_that_has_ended_is_refused(sandbox: Sandbox, session: requests.Session) -> None:
    sandbox.advance(31 * 86400)
    response = session.get(f"{sandbox.url}/device/list/all")
    assert (response.status_code, response.json()["reason"]) == (401, "Auth token expired")


def test_a_bearer_token_is_as_good_as_the_token_header(sandbox: Sandbox, session: requests.Session) -> None:
    session.headers["authorization"] = f"Bearer {session.headers.pop('token')!s}"
    assert session.get(f"{sandbox.url}/device/list/all").status_code == 200
