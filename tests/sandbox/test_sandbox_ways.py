"""Ways to a service in the sandbox: what switching one off does, is refused for, and lets come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connections.sandbox import Sandbox
from connections.sandbox.world.seed import connectable
from tests.sandbox.test_sandbox_graphql import ask, data

DANA = "dana.k@example.com"
DISABLE = "mutation ($id: ID!) { updateService(id: $id, enabled: false) { enabled online } }"
LINK_OFF = "mutation ($id: String!) { setConnectLink(serviceId: $id, enabled: false) { enabled } }"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(connections=0, seed=5, latency_ms=0) as running:
        yield running


@pytest.fixture
def address(sandbox: Sandbox) -> str:
    """A service that can be configured, has a link and is open to Dana."""
    world = sandbox.server.world
    found = next(one.address for one in world.services.values() if connectable(one))
    change(sandbox, found, configurable=True, link=True)
    sandbox.call(world.open, found, DANA)
    return found


def change(sandbox: Sandbox, address: str, **values: object) -> dict[str, Any]:
    answer = requests.post(f"{sandbox.base_url}/sandbox/services", json={"address": address, **values}, timeout=5)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def open_now(sandbox: Sandbox) -> int:
    return len(sandbox.world.rows("open"))


def test_a_service_that_is_disabled_disconnects_everybody(sandbox: Sandbox, address: str) -> None:
    assert data(sandbox, DISABLE, id=address)["updateService"] == {"enabled": False, "online": False}
    assert open_now(sandbox) == 0


def test_the_effect_can_come_later(sandbox: Sandbox, address: str) -> None:
    sandbox.set(disable_after_s=20)
    assert data(sandbox, DISABLE, id=address)["updateService"] == {"enabled": False, "online": True}
    sandbox.advance(21)
    requests.get(f"{sandbox.base_url}/apv/v27/device/list/all", timeout=5)
    assert open_now(sandbox) == 0


def test_the_effect_can_leave_who_is_connected(sandbox: Sandbox, address: str) -> None:
    sandbox.set(disable_disconnects="no")
    data(sandbox, DISABLE, id=address)
    assert open_now(sandbox) == 1


def test_stubborn_people_come_back_with_new_ids_until_their_way_is_closed(sandbox: Sandbox, address: str) -> None:
    sandbox.set(stubborn=2)
    world = sandbox.server.world
    for _ in range(3):
        sandbox.call(lambda: world.stop(world.live()[0], 2))
        sandbox.advance(3)
        assert open_now(sandbox) == 1
    data(sandbox, DISABLE, id=address)
    sandbox.advance(60)
    assert open_now(sandbox) == 0
    change(sandbox, address, enabled=True)
    sandbox.advance(60)
    assert open_now(sandbox) == 1


@pytest.mark.parametrize(
    ("refused", "query", "words"),
    [
        ("services", DISABLE, "You are not allowed to do this"),
        ("links", LINK_OFF, "You are not allowed to do this"),
    ],
)
def test_a_login_can_lack_the_right(sandbox: Sandbox, address: str, refused: str, query: str, words: str) -> None:
    sandbox.set(refuse_measures=refused)
    assert ask(sandbox, query, id=address)["errors"] == [{"message": words}]


def test_a_device_that_can_not_be_configured_says_so(sandbox: Sandbox, address: str) -> None:
    change(sandbox, address, configurable=False)
    assert ask(sandbox, DISABLE, id=address)["errors"] == [{"message": "This service isn't remote configurable"}]


def test_the_schema_can_lack_a_mutation(sandbox: Sandbox, address: str) -> None:
    sandbox.set(schema_lacks="setConnectLink")
    assert "Cannot query field 'setConnectLink'" in ask(sandbox, LINK_OFF, id=address)["errors"][0]["message"]
    assert data(sandbox, DISABLE, id=address)
