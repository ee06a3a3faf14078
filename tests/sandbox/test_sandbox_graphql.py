"""The sandbox's GraphQL: the vendor's names, and what it says to a query that it can't run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_client_schema,
    get_introspection_query,
    is_required_argument,
    print_schema,
)

from connections.sandbox import FaultRule, Sandbox
from connections.sandbox.graphql.endpoint import SCHEMA
from connections.sandbox.wire.faults import IN_GRAPHQL, QUICK
from tests.remoteit.test_graphql_client import ROOT
from tests.remoteit.test_graphql_client import SCHEMA as VENDORS

SESSIONS = "{ login { sessions { id user { email } target { id } endpoint { proxy } } } }"
CONNECT = 'connect(serviceId: $s, hostIP: "0.0.0.0", type: AUTO_PROXY)'
# The vendor's "Get Active Sessions", without its location of the visitor.
ACTIVE_SESSIONS = """
query { login { sessions { id timestamp state connected encryption source address
  user { id email } target { id name port application platform owner { id } device { id name } }
  endpoint { id proxy platform manufacturer type version externalAddress geo { countryName } } } } }
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(connections=60, seed=5) as running:
        yield running


def ask(sandbox: Sandbox, query: str, **variables: Any) -> dict[str, Any]:
    headers = {"token": sandbox.call(sandbox.server.accounts.new_token)}
    body = {"query": query, "variables": variables}
    answer = requests.post(sandbox.graphql_url, json=body, headers=headers, timeout=5)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def data(sandbox: Sandbox, query: str, **variables: Any) -> Any:
    answer = ask(sandbox, query, **variables)
    assert list(answer) == ["data"], answer
    return answer["data"]


def message(sandbox: Sandbox, query: str, **variables: Any) -> str:
    [error] = ask(sandbox, query, **variables)["errors"]
    return str(error["message"])


def disconnect(sandbox: Sandbox, session: dict[str, Any], **more: Any) -> dict[str, Any]:
    query = "mutation ($c: String!, $s: String) { disconnect(connectionId: $c, serviceId: $s) }"
    return ask(sandbox, query, **{"c": session["id"], "s": session["target"]["id"], **more})


def sessions(sandbox: Sandbox, *, proxy: bool = True) -> list[dict[str, Any]]:
    found = data(sandbox, SESSIONS)["login"]["sessions"]
    return [one for one in found if one["endpoint"]["proxy"] is proxy]


def rest_stop(sandbox: Sandbox, session: dict[str, Any]) -> requests.Response:
    token = sandbox.call(sandbox.server.accounts.new_token)
    body = {"deviceaddress": session["target"]["id"], "connectionid": session["id"]}
    headers = {"developerkey": sandbox.developer_key, "token": token}
    return requests.post(f"{sandbox.url}/device/connect/stop", json=body, headers=headers, timeout=5)


def test_the_vendors_schema_has_everything_of_the_sandboxs_with_the_same_types() -> None:
    if not VENDORS.exists():
        pytest.skip(f"the vendor's schema is not here: {VENDORS}")
    vendors = build_client_schema(json.loads(VENDORS.read_text())["data"])
    for name, ours in SCHEMA.type_map.items():
        theirs = vendors.type_map[name]
        if isinstance(ours, GraphQLEnumType):
            assert list(ours.values) == list(theirs.values), name  # type: ignore[attr-defined]
        if not isinstance(ours, GraphQLObjectType | GraphQLInterfaceType) or name.startswith("__"):
            continue
        for field, known in ours.fields.items():
            model = theirs.fields[field]  # type: ignore[attr-defined]
            assert str(known.type) == str(model.type), (name, field)
            needed = {key for key, argument in model.args.items() if is_required_argument(argument)}
            assert needed <= set(known.args), (name, field)
            for key, argument in known.args.items():
                assert print_argument(argument) == print_argument(model.args[key]), (name, field, key)


def print_argument(argument: GraphQLArgument) -> str:
    return f"{argument.type} = {argument.default_value}"


def test_a_client_may_ask_for_the_schema(sandbox: Sandbox) -> None:
    found = build_client_schema(data(sandbox, get_introspection_query()))
    assert print_schema(found) == print_schema(SCHEMA)


def test_nothing_but_the_sandbox_imports_graphql_core() -> None:
    others = [
        path
        for part in ("connections", "remoteit_admin")
        for path in (ROOT / part).rglob("*.py")
        if not path.is_relative_to(ROOT / "connections/sandbox")
    ]
    assert len(others) > 100
    assert [path for path in others if re.search(r"^\s*(from|import) graphql\b", path.read_text(), re.MULTILINE)] == []


def test_the_vendors_query_for_active_sessions_runs(sandbox: Sandbox) -> None:
    found = data(sandbox, ACTIVE_SESSIONS)["login"]["sessions"]
    assert {one["state"] for one in found} == {"connected"}
    assert {one["endpoint"]["geo"]["countryName"] for one in found} == {"Germany"}


def test_an_id_in_the_list_is_the_connection_id_in_lower_case(sandbox: Sandbox) -> None:
    known = {row["connection_id"].lower() for row in sandbox.world.rows("open")}
    assert {one["id"] for one in sessions(sandbox)} < known


def test_an_older_connection_may_be_listed_under_its_own_session_id(sandbox: Sandbox) -> None:
    sandbox.set(session_ids="own")
    older = next(one for one in sessions(sandbox) if "-" not in one["id"])
    assert older["id"] in {row["session_id"].lower() for row in sandbox.world.rows()}
    assert disconnect(sandbox, older) == {"data": {"disconnect": True}}


def test_organisations_have_devices_and_sessions_of_their_own(sandbox: Sandbox) -> None:
    query = "{ login { membership { organization { name account { id email } } } } }"
    organisations = [one["organization"] for one in data(sandbox, query)["login"]["membership"]]
    assert len(organisations) == 2
    query = "query ($id: String) { login { account(id: $id) { email sessions { target { owner { email } } } } } }"
    for one in organisations:
        account = data(sandbox, query, id=one["account"]["id"])["login"]["account"]
        assert account["email"] == one["account"]["email"]
        assert {each["target"]["owner"]["email"] for each in account["sessions"]} == {account["email"]}


def test_an_account_that_the_login_does_not_belong_to_is_null(sandbox: Sandbox) -> None:
    assert data(sandbox, '{ login { account(id: "nobody") { id } } }') == {"login": {"account": None}}


def test_aliases_and_typename(sandbox: Sandbox) -> None:
    answer = data(sandbox, "{ me: login { a: email b: email __typename } }")
    assert answer == {"me": {"a": sandbox.username, "b": sandbox.username, "__typename": "User"}}


def test_disconnect_ends_a_connection_once(sandbox: Sandbox) -> None:
    session = sessions(sandbox)[0]
    assert disconnect(sandbox, session) == {"data": {"disconnect": True}}
    assert disconnect(sandbox, session)["errors"] == [{"message": "connectionId is incorrect"}]
    assert [entry["applied"] for entry in sandbox.log.rows("graphql/v1")] == [False, True, False]
    assert session["id"] not in [one["id"] for one in sessions(sandbox)]


@pytest.mark.parametrize(("choice", "answer"), [("true", True), ("false", False), ("silent", False)])
def test_a_second_disconnect_follows_the_switch(sandbox: Sandbox, choice: str, answer: bool) -> None:
    sandbox.set(stopped_again=choice)
    session = sessions(sandbox)[0]
    disconnect(sandbox, session)
    assert disconnect(sandbox, session) == {"data": {"disconnect": answer}}


def test_a_disconnect_of_something_unknown_is_an_error(sandbox: Sandbox) -> None:
    session = sessions(sandbox)[0]
    assert disconnect(sandbox, session, c="nothing")["errors"] == [{"message": "connectionId is incorrect"}]
    assert disconnect(sandbox, session, s="80:00")["errors"] == [{"message": "serviceId is incorrect"}]
    assert disconnect(sandbox, session, s=None) == {"data": {"disconnect": True}}


def test_nothing_stops_a_peer_to_peer_session(sandbox: Sandbox) -> None:
    [first, *_] = sessions(sandbox, proxy=False)
    assert disconnect(sandbox, first) == {"data": {"disconnect": False}}
    assert rest_stop(sandbox, first).json() == {"status": "false", "reason": "connectionid is incorrect"}
    assert first["id"] in [one["id"] for one in sessions(sandbox, proxy=False)]


def test_peer_to_peer_sessions_survive_a_restart(tmp_path: Path) -> None:
    with Sandbox(connections=60, state=tmp_path / "world.json") as first:
        before = sessions(first, proxy=False)
    with Sandbox(connections=60, state=tmp_path / "world.json") as second:
        assert sessions(second, proxy=False) == before


def test_connect_opens_a_connection_whose_id_is_its_sessions(sandbox: Sandbox) -> None:
    address = sessions(sandbox)[0]["target"]["id"]
    query = f"mutation ($s: String!) {{ {CONNECT} {{ id url timeout session {{ id }} }} }}"
    opened = data(sandbox, query, s=address)["connect"]
    assert opened["id"] == opened["session"]["id"]
    assert opened["timeout"] == 28800
    assert opened["id"] in [row["connection_id"] for row in sandbox.world.rows("open")]


@pytest.mark.parametrize(("choice", "status"), [("true", 200), ("refuse", 401)])
def test_whether_rest_takes_an_id_from_graphql_is_a_switch(sandbox: Sandbox, choice: str, status: int) -> None:
    sandbox.set(graphql_ids=choice)
    address = sessions(sandbox)[0]["target"]["id"]
    opened = data(sandbox, f"mutation ($s: String!) {{ {CONNECT} {{ id }} }}", s=address)["connect"]
    assert rest_stop(sandbox, {"id": opened["id"], "target": {"id": address}}).status_code == status


def test_who_was_stopped_comes_back_under_a_new_id(sandbox: Sandbox) -> None:
    sandbox.set(come_back_s=20, come_back_percent=100)
    session = sessions(sandbox)[0]
    disconnect(sandbox, session)
    before = {one["id"] for one in sessions(sandbox)}
    sandbox.advance(21)
    [new] = [one for one in sessions(sandbox) if one["id"] not in before]
    assert (new["target"], new["user"]) == (session["target"], session["user"])
    assert new["id"] != session["id"]


def test_only_a_share_comes_back_and_nobody_by_default(sandbox: Sandbox) -> None:
    disconnect(sandbox, sessions(sandbox)[0])
    sandbox.set(come_back_s=1, come_back_percent=0)
    disconnect(sandbox, sessions(sandbox)[0])
    sandbox.advance(5)
    assert len(sandbox.world.rows("open")) == 58


def test_events_tell_both_ends_of_a_connection_newest_first(sandbox: Sandbox) -> None:
    session = sessions(sandbox)[0]
    disconnect(sandbox, session)
    query = """{ login { events(types: [DEVICE_CONNECT], size: 2) { total hasMore last items {
      id type state timestamp actor { email } ... on DeviceConnectEvent { session proxy } } } } }"""
    events = data(sandbox, query)["login"]["events"]
    newest = events["items"][0]
    assert (newest["state"], newest["session"], newest["actor"]) == ("disconnected", session["id"], session["user"])
    assert [one["timestamp"] for one in events["items"]] == sorted(
        (one["timestamp"] for one in events["items"]), reverse=True
    )
    assert (len(events["items"]), events["hasMore"], events["last"]) == (2, True, events["items"][1]["id"])


def test_events_are_paged(sandbox: Sandbox) -> None:
    query = "query ($a: ID) { login { events(size: 10, after: $a) { last hasMore items { id } } } }"
    first = data(sandbox, query)["login"]["events"]
    second = data(sandbox, query, a=first["last"])["login"]["events"]
    assert not {one["id"] for one in first["items"]} & {one["id"] for one in second["items"]}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("{ login { nonsense } }", "Cannot query field 'nonsense' on type 'User'."),
        ("{ login }", "Field 'login' of type 'User' must have a selection of subfields."),
        ("{ login { id { x } } }", "Field 'id' must not have a selection since type 'ID!' has no subfields."),
        ('{ login { account(name: "x") { id } } }', "Unknown argument 'name' on field 'User.account'."),
        ("mutation { disconnect }", "(connectionId:)' of type 'String!' is required, but it was not provided."),
        ("query ($a: String!) { login { account(id: $a) { id } } }", "Variable '$a' has invalid value"),
        ("{ login { account(id: $a) { id } } }", "Variable '$a' is not defined."),
        ('{ login { events(after: "nothing") { total } } }', 'There is no event "nothing".'),
        ('{ login { events(minDate: "soon") { total } } }', "Invalid isoformat string: 'soon'"),
        ("{ login { id ", "Syntax Error: Expected Name, found <EOF>."),
        ("{ login { id } } ?", "Syntax Error: Unexpected character: '?'."),
        ("", "Syntax Error: Unexpected <EOF>."),
        ("subscription { event { id } }", "The subscription operation is not supported by the schema."),
        ("{ login { ...Parts } }", "Unknown fragment 'Parts'."),
        ("{ a " * 20_000, "Document is nested too deeply."),
        ("query A { login { id } } query B { login { id } }",
         "Must provide operation name if query contains multiple operations."),
    ],
)  # fmt: skip
def test_a_query_that_cannot_run_is_answered_with_errors(sandbox: Sandbox, query: str, words: str) -> None:
    assert words in message(sandbox, query)


def test_a_mutation_with_a_wrong_part_changes_nothing(sandbox: Sandbox) -> None:
    session = sessions(sandbox)[0]
    query = f'mutation {{ disconnect(connectionId: "{session["id"]}") nonsense }}'
    assert message(sandbox, query) == "Cannot query field 'nonsense' on type 'Mutation'."
    assert session in sessions(sandbox)


def test_without_credentials_it_answers_403_and_a_bare_word(sandbox: Sandbox) -> None:
    answer = requests.post(sandbox.graphql_url, json={"query": SESSIONS}, timeout=5)
    assert (answer.status_code, answer.text) == (403, "Unauthorized")
    assert answer.headers["X-Sandbox-Reason"] == "missing api token"


def test_a_fault_can_be_aimed_at_one_disconnect(sandbox: Sandbox) -> None:
    first, second, *_ = sessions(sandbox)
    sandbox.faults.add(FaultRule("errors", path="graphql/v1", connection_id=second["id"].upper()))
    assert disconnect(sandbox, first) == {"data": {"disconnect": True}}
    assert "errors" in disconnect(sandbox, second)
    assert second in sessions(sandbox)


def test_a_mixture_of_faults_never_draws_one_of_graphqls() -> None:
    assert not set(QUICK) & IN_GRAPHQL
