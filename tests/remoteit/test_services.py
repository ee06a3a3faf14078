"""Single services read, and a link or a service switched: what each answer means, and what can't be said at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connections.remoteit import Client, Credentials
from connections.remoteit.documents import Document
from connections.remoteit.measures import MeasureOutcome, Switch, missing_in_schema, switch
from connections.remoteit.services import read_services, service_of
from connections.remoteit.ways import read_ways
from connections.sandbox import FaultRule, Sandbox
from connections.sandbox.world.seed import connectable

DANA = "dana.k@example.com"
GRAPHQL = "graphql/v1"
# next.md's list of what a hold must never use.
NEVER = (
    *("removeService", "removeConnectLink", "disableConnectLink", "removeMember", "leaveOrganization", "deleteRole"),
    *("deleteTag", "deleteNetwork", "deleteAccessKey", "deleteDevice", "uninstallDevice", "transfer", "expire"),
    *("adminDeleteUser", "deleteOrganization", "setOrganization", "configureSAML", "configureOrgIdentityProvider"),
    *("rebootDevice", "refreshDevice", "upgradeDevice", "startJob", "registerDevice", "addService", "setAttribute"),
    *("setNotificationSettings", "blockService", "blockAccount", "share(", "setMember", "updateRole"),
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(connections=0, seed=5, latency_ms=0) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    told = sandbox.environment
    credentials = Credentials(
        developer_key=told["REMOTEIT_DEVELOPER_KEY"],
        username=told["REMOTEIT_USERNAME"],
        password=told["REMOTEIT_PASSWORD"],
    )
    with Client(
        told["REMOTEIT_API_URL"],
        credentials,
        concurrency=2,
        connect_timeout=1,
        read_timeout=3,
        graphql_url=told["REMOTEIT_GRAPHQL_URL"],
    ) as made:
        assert made.login().accepted
        yield made


@pytest.fixture
def address(sandbox: Sandbox) -> str:
    world = sandbox.server.world
    found = next(one.address for one in world.services.values() if connectable(one))
    sandbox.call(sandbox.server.control.changed_service, {"address": found, "configurable": True, "link": True})
    sandbox.call(world.open, found, DANA)
    return found


def hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def test_a_service_comes_with_its_sessions_its_state_and_its_events(client: Client, address: str) -> None:
    service = read_services(client, "", [address], since=hour_ago()).services[address.lower()]
    assert (service.enabled, service.link, service.online) == (True, True, True)
    assert [one.opened_by for one in service.sessions or ()] == [DANA]
    assert [(one.state, one.opened_by) for one in service.events or ()] == [("connected", DANA)]


def test_its_own_record_tells_of_states_and_shares(sandbox: Sandbox, client: Client, address: str) -> None:
    change = sandbox.server.control.changed_service
    for value in ({"shares": ["dana.k@example.com"]}, {"shares": []}, {"enabled": False}, {"enabled": True}):
        sandbox.call(change, {"address": address, **value})
    record = read_services(client, "", [address], since=hour_ago()).services[address.lower()].record
    told = {(one.kind, one.state, one.people) for one in record}
    assert {("DEVICE_STATE", "inactive", ()), ("DEVICE_STATE", "active", ())} <= told
    assert ("DEVICE_SHARE", "unshared", (DANA,)) in told


PAGE = [{"session": str(at), "state": "connected", "timestamp": f"2026-11-30T12:00:{at:02}Z"} for at in (40, 30, 20)]


@pytest.mark.parametrize(
    ("items", "has_more", "since_s", "count"),
    [
        pytest.param(PAGE, False, 0, 3, id="all there is"),
        pytest.param(PAGE, True, 0, None, id="it goes on, and may hide some"),
        pytest.param(PAGE, True, 25, 3, id="it goes on with what is older: minDate was not kept"),
        pytest.param(PAGE[::-1], True, 25, None, id="in another order its end says nothing"),
        pytest.param([{**PAGE[0], "timestamp": None}], True, 25, None, id="without times, too"),
        pytest.param([], True, 25, None, id="nothing, and more"),
        pytest.param(None, False, 0, None, id="no page"),
    ],
)
def test_events_are_whole_only_when_none_can_be_hidden(
    items: object, has_more: bool, since_s: int, count: int | None
) -> None:
    since = datetime(2026, 11, 30, 12, 0, since_s, tzinfo=UTC)
    row = {"id": "80:00:00:00:01:00:00:01", "sessions": [], "events": {"items": items, "hasMore": has_more}}
    service = service_of(row, "", since)
    assert service is not None
    assert (None if service.events is None else len(service.events)) == count


def test_without_events_in_the_schema_the_sessions_are_read_all_the_same(
    sandbox: Sandbox, client: Client, address: str
) -> None:
    sandbox.set(schema_lacks="events")
    read = read_services(client, "", [address], since=hour_ago())
    assert read.why_incomplete(address) == ""
    assert read.services[address.lower()].events is None
    assert "events" in read.why_no_events


def test_a_service_that_is_missing_in_the_answer_is_not_known(client: Client, address: str) -> None:
    read = read_services(client, "", [address, "80:00:00:00:FF:FF:FF:FF"])
    assert read.why_incomplete("80:00:00:00:FF:FF:FF:FF") == "remote.it's answer does not have this service"
    assert read.why_incomplete(address) == ""


@pytest.mark.parametrize("kind", ["null_sessions", "null_session", "html500", "reset_after"])
def test_what_did_not_come_whole_is_not_known(sandbox: Sandbox, client: Client, address: str, kind: str) -> None:
    sandbox.faults.add(FaultRule(kind, path=GRAPHQL))
    assert read_services(client, "", [address]).why_incomplete(address)


@pytest.mark.parametrize("what", list(Switch))
def test_a_switch_is_set_when_the_answer_repeats_the_value(client: Client, address: str, what: Switch) -> None:
    assert switch(client, what, address, enabled=False).outcome is MeasureOutcome.SET
    service = read_services(client, "", [address]).services[address.lower()]
    assert (service.link if what is Switch.LINK else service.enabled) is False


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("errors", MeasureOutcome.UNKNOWN),
        ("unauthorized", MeasureOutcome.REFUSED),
        ("429", MeasureOutcome.REFUSED),
        ("500", MeasureOutcome.UNKNOWN),
        ("reset_after", MeasureOutcome.UNKNOWN),
        ("truncated", MeasureOutcome.UNKNOWN),
        ("empty", MeasureOutcome.UNKNOWN),
    ],
)
def test_what_an_answer_to_a_switch_means(
    sandbox: Sandbox, client: Client, address: str, kind: str, outcome: MeasureOutcome
) -> None:
    sandbox.faults.add(FaultRule(kind, path=GRAPHQL, times=1))
    assert switch(client, Switch.SERVICE, address, enabled=False).outcome is outcome


def test_a_no_is_refused_word_for_word(sandbox: Sandbox, client: Client, address: str) -> None:
    sandbox.set(refuse_measures="all")
    answer = switch(client, Switch.LINK, address, enabled=False)
    assert (answer.outcome, answer.reason) == (MeasureOutcome.REFUSED, "You are not allowed to do this")


def test_the_live_schema_tells_what_is_missing(sandbox: Sandbox, client: Client) -> None:
    assert missing_in_schema(client) == {}
    sandbox.set(schema_lacks="setConnectLink")
    assert list(missing_in_schema(client)) == [Switch.LINK]


def test_the_ways_tell_owner_shares_and_what_may_be_changed(client: Client, address: str) -> None:
    ways = read_ways(client, "", [address]).services[address.lower()]
    assert (ways.may_manage, ways.configurable) == (True, True)
    assert ways.owner.endswith("@example.com")
    assert len(ways.shares or ()) >= 2


def test_the_client_can_not_say_what_can_not_be_taken_back() -> None:
    said = "\n".join(document.value for document in Document)
    assert [name for name in NEVER if name in said] == []
