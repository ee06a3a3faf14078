"""The client's side of GraphQL and of opening: what it asks, and what it makes of each answer."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from graphql import build_client_schema, parse, validate

from connections.remoteit import Answer, Cause, Client, Credentials, Opening, Outcome, SessionList
from connections.remoteit.graphql import DISCONNECT
from connections.remoteit.sessions import OWN_SESSIONS, organisations_query
from connections.sandbox import FaultRule, Sandbox
from tests.support.rawserver import RawServer, Reaction, answer, drip, reset, silence, then_close

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = Path(os.environ.get("REMOTEIT_SCHEMA") or ROOT.parent / "shared/reference/remoteit-graphql-schema.json")
ADDRESS = "80:00:00:00:01:00:40:C5"
ID = "123ddfff-6432-49d0-6432-205d49d08454"
TOKEN = Credentials(developer_key="developer-key", token="session-token")
PASSWORD = Credentials(developer_key="developer-key", username="anna", password="password-1")
LOGGED_IN = answer("200 OK", {"status": "true", "token": "token-1"})
UNAUTHORIZED = answer("403 Forbidden", "Unauthorized")
SESSION = {
    "id": ID,
    "timestamp": "2026-01-02T03:04:05.678Z",
    "state": "connected",
    "user": {"email": "anna@example.org"},
    "target": {"id": ADDRESS, "name": "SSH", "device": {"name": "Pump 7"}},
    "endpoint": {"proxy": True},
}
MEMBER = {"organization": {"name": "Harbour", "account": {"id": "acc-2"}}}


def login(*sessions: Any, membership: Any = (), **more: Any) -> bytes:
    part = {"id": "acc-1", "sessions": list(sessions), "membership": list(membership)}
    return answer("200 OK", {"data": {"login": part}, **more})


def accounts(**parts: Any) -> bytes:
    return answer("200 OK", {"data": {"login": parts}})


def changed(path: str, value: Any) -> dict[str, Any]:
    session = copy.deepcopy(SESSION)
    *parents, last = path.split(".")
    inner: dict[str, Any] = session
    for name in parents:
        inner = inner[name]
    inner[last] = value
    return session


def client_of(server: RawServer, credentials: Credentials = TOKEN, timeout: float = 5) -> Client:
    return Client(
        server.url,
        credentials,
        concurrency=2,
        connect_timeout=timeout,
        read_timeout=timeout,
        graphql_url=server.url.replace("apv/v27", "graphql/v1"),
    )


def read(*reactions: bytes | Reaction, timeout: float = 5) -> SessionList:
    with RawServer(*reactions) as server, client_of(server, timeout=timeout) as client:
        return client.read_sessions()


def disconnect(reaction: bytes | Reaction, timeout: float = 5) -> Answer:
    with RawServer(reaction) as server, client_of(server, timeout=timeout) as client:
        return client.disconnect(ADDRESS, ID)


@pytest.mark.parametrize("query", [OWN_SESSIONS, organisations_query(1), organisations_query(3), DISCONNECT])
def test_the_vendors_schema_allows_each_query(query: str) -> None:
    if not SCHEMA.exists():
        pytest.skip(f"the vendor's schema is not here: {SCHEMA}")
    schema = build_client_schema(json.loads(SCHEMA.read_text())["data"])
    assert validate(schema, parse(query)) == []


def test_it_reads_a_session() -> None:
    listed = read(login(SESSION))
    [session] = listed.sessions
    assert (listed.complete, listed.why_incomplete, listed.status) == (True, "", 200)
    assert (session.id, session.service_address, session.service_name) == (ID, ADDRESS, "SSH")
    assert (session.device_name, session.opened_by) == ("Pump 7", "anna@example.org")
    assert (session.opened_at, session.proxy, session.state) == ("2026-01-02T03:04:05.678Z", True, "connected")
    assert session.accounts == ("acc-1",)


def test_an_empty_list_is_complete() -> None:
    listed = read(login())
    assert (listed.complete, listed.sessions, listed.accounts) == (True, (), ("acc-1",))


def test_it_reads_the_organisations_too() -> None:
    other = changed("id", "48844999-bbf4-48cf-9a3a-353b7385737a")
    with RawServer(login(SESSION, membership=[MEMBER]), accounts(a0={"sessions": [other]})) as server:
        with client_of(server) as client:
            listed = client.read_sessions()
        asked = json.loads(server.requests[1].partition(b"\r\n\r\n")[2])
    assert asked["variables"] == {"a0": "acc-2"}
    assert listed.complete
    assert [session.accounts for session in listed.sessions] == [("acc-1",), ("acc-2",)]
    assert listed.accounts == ("acc-1", "acc-2")


def test_a_session_that_two_lists_show_is_listed_once_with_both() -> None:
    listed = read(login(SESSION, membership=[MEMBER]), accounts(a0={"sessions": [changed("id", ID.upper())]}))
    assert [(session.id, session.accounts) for session in listed.sessions] == [(ID, ("acc-1", "acc-2"))]
    assert listed.complete


def test_a_membership_of_the_own_organisation_is_not_read_twice() -> None:
    own = {"organization": {"name": "Ours", "account": {"id": "acc-1"}}}
    with RawServer(login(SESSION, membership=[own])) as server, client_of(server) as client:
        assert client.read_sessions().complete
        assert len(server.requests) == 1


def test_peer_to_peer_sessions_are_told_apart() -> None:
    assert [one.proxy for one in read(login(changed("endpoint.proxy", False))).sessions] == [False]


def test_an_anonymous_visitor_has_no_name() -> None:
    listed = read(login(changed("user", None)))
    assert (listed.complete, listed.sessions[0].opened_by) == (True, "")


@pytest.mark.parametrize(
    "session",
    [
        None,
        changed("endpoint", None),
        changed("endpoint.proxy", None),
        changed("target", None),
        changed("target.id", None),
        changed("id", None),
        changed("timestamp", 5),
        changed("id", "a" * 65),
        changed("target.id", "80:00:00:00:01:00:40:C5:00"),
        changed("id", ""),
        changed("id", "  "),
        changed("id", "two words"),
        changed("id", f"{ID}\n"),
        changed("id", "\u200b"),
        changed("id", "\ud800"),
        changed("id", 7),
        changed("target.id", "  "),
        changed("target.id", "80:00\0"),
        changed("timestamp", " "),
        changed("state", " "),
    ],
)
def test_a_session_without_a_part_that_is_needed_makes_the_list_incomplete(session: Any) -> None:
    listed = read(login(changed("id", "another"), session))
    assert not listed.complete
    assert listed.why_incomplete == "1 of 2 sessions of the login came without a part that is needed"
    assert [one.id for one in listed.sessions] == ["another"]
    assert listed.accounts == ()


@pytest.mark.parametrize(
    ("reaction", "words"),
    [
        (accounts(sessions=[], membership=[]), "The login came without its id"),
        (accounts(id="a", sessions=None, membership=[]), "The list of the login is missing"),
        (accounts(id="a", sessions=[]), "The list of organisations is missing"),
        (accounts(id="  ", sessions=[], membership=[]), "The login came without its id"),
        (answer("200 OK", b'{"data":{"login":{"id":"a","sessions":[],"sessions":[],"membership":[]}}}'),
         'It gives the key "sessions" twice'),
        (answer("200 OK", login(SESSION).partition(b"\r\n\r\n")[2].replace(b'"id"', b'"id": "x", "id"', 2)),
         'It gives the key "id" twice'),
        (answer("200 OK", b'{"data":{"login":{"id":"a","sessions":[NaN],"membership":[]}}}'), "no data that can be"),
        (login(membership=[None]), "An organisation came without the id of its account"),
        (answer("200 OK", {"data": {"login": None}}), "The answer has no login"),
        (login(SESSION, errors=[{"message": "shard 3 is away"}, {"message": "x"}]), "shard 3 is away (+1 more)"),
        (answer("200 OK", {"errors": [{"message": "no"}], "data": None}), "no"),
        (answer("200 OK", b'{"data":{"login":{"id":"a","sessions":[{"id"'), "no data that can be read"),
        (answer("200 OK", b""), "HTTP 200, empty body"),
        (answer("500 Oops", "<html>Slim Application Error</html>"), "HTTP 500: <html>Slim Application Error"),
        (answer("202 Accepted", {"data": {"login": {}}}), "HTTP 202"),
        (answer("307 Temporary Redirect", b"", "Location: https://elsewhere.example/"), "not followed, to elsewhere"),
        (then_close(login(SESSION)[:-20]), "the connection broke before a complete answer"),
        (reset, "the connection broke before a complete answer"),
    ],
)  # fmt: skip
def test_a_list_that_proves_nothing_is_incomplete_and_says_why(reaction: bytes | Reaction, words: str) -> None:
    listed = read(reaction)
    assert not listed.complete
    assert words in listed.why_incomplete


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (accounts(a0=None), "The list of Harbour is missing"),
        (accounts(a0={"sessions": None}), "The list of Harbour is missing"),
        (reset, "the connection broke before a complete answer"),
    ],
)
def test_an_organisation_without_its_list_makes_the_whole_incomplete(second: bytes | Reaction, words: str) -> None:
    listed = read(login(SESSION, membership=[MEMBER]), second)
    assert not listed.complete
    assert words in listed.why_incomplete
    assert (len(listed.sessions), listed.accounts) == (1, ("acc-1",))


@pytest.mark.parametrize("reaction", [UNAUTHORIZED, answer("200 OK", "Unauthorized")])
def test_refused_credentials_keep_their_words(reaction: bytes) -> None:
    listed = read(reaction)
    assert (listed.complete, listed.cause) == (False, Cause.CREDENTIALS)
    assert "Unauthorized" in listed.why_incomplete


def test_too_many_requests_say_when_to_come_back() -> None:
    listed = read(answer("429 Too Many Requests", "slow down", "Retry-After: 7"))
    assert (listed.complete, listed.cause, listed.retry_after) == (False, Cause.LIMIT, "7")


def test_a_list_larger_than_other_answers_is_read_whole() -> None:
    listed = read(login(*(changed("id", f"session-{number}") for number in range(2000))))
    assert (listed.complete, len(listed.sessions)) == (True, 2000)


def test_a_list_that_is_slow_but_flows_is_read_whole() -> None:
    body = login(SESSION)
    listed = read(drip(body, every=0.9 / len(body)), timeout=0.3)
    assert listed.complete, listed.why_incomplete


def test_a_list_that_never_ends_has_an_end() -> None:
    listed = read(drip(login(SESSION, SESSION), every=0.01), timeout=0.2)
    assert not listed.complete
    assert "No complete answer within 2.4 s" in listed.why_incomplete


def test_without_an_address_of_graphql_nothing_is_sent() -> None:
    with RawServer(login()) as server:
        with Client(server.url, TOKEN, concurrency=1, connect_timeout=1, read_timeout=1) as client:
            assert not client.read_sessions().complete
            assert client.disconnect(ADDRESS, ID).outcome is Outcome.FAILED
        assert server.requests == []


@pytest.mark.parametrize("ask", [Client.read_sessions, lambda client: client.disconnect(ADDRESS, ID)])
def test_a_refused_token_wants_a_sign_in(ask: Callable[[Client], object]) -> None:
    with RawServer(LOGGED_IN, UNAUTHORIZED, LOGGED_IN, login()) as server, client_of(server, PASSWORD) as client:
        client.login()
        ask(client)
        assert client.needs_login
        client.login()
        assert client.read_sessions().complete
        assert b"token: token-1\r\n" in server.requests[1]


def test_it_asks_to_disconnect_by_id_and_service() -> None:
    with RawServer(answer("200 OK", {"data": {"disconnect": True}})) as server, client_of(server) as client:
        assert client.disconnect(ADDRESS, ID).outcome is Outcome.STOPPED
        asked = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert asked == {"query": DISCONNECT, "variables": {"connectionId": ID, "serviceId": ADDRESS}}


def errors(*messages: str, **more: Any) -> bytes:
    return answer("200 OK", {"errors": [{"message": message} for message in messages], **more})


@pytest.mark.parametrize(
    ("reaction", "outcome", "cause", "reason"),
    [
        (answer("200 OK", {"data": {"disconnect": False}}), "refused", "", "The answer to disconnect is false"),
        (errors("Connection not found", data=None), "already_gone", "connection", "Connection not found"),
        (errors("connectionId is incorrect"), "already_gone", "connection", "connectionId is incorrect"),
        (errors("serviceId is incorrect"), "refused", "address", "serviceId is incorrect"),
        (errors("You are not allowed to do this", "x"), "refused", "", "You are not allowed to do this (+1 more)"),
        (errors("Internal server error"), "unknown", "", "Internal server error"),
        (errors("socket hang up"), "unknown", "", "socket hang up"),
        (errors("Something went wrong", data=None), "unknown", "", "Something went wrong"),
        (errors("An unknown error occurred"), "unknown", "", "An unknown error occurred"),
        (errors("connection lookup timed out, connectionId unknown"), "unknown", "connection", "lookup timed out"),
        (errors("x", data={"disconnect": True}), "unknown", "", "contradicts itself: x"),
        (answer("200 OK", {"data": {"disconnect": None}}), "unknown", "", "No yes or no"),
        (answer("200 OK", {"data": {"disconnect": "true"}}), "unknown", "", "No yes or no"),
        (answer("200 OK", {"data": {}}), "unknown", "", "HTTP 200"),
        (answer("200 OK", b'{"data":{"disconnect":tr'), "unknown", "", "HTTP 200"),
        (answer("200 OK", b'{"data":{"disconnect":false,"disconnect":true}}'), "unknown", "", '"disconnect" twice'),
        (answer("403 Forbidden", b'{"data":{"disconnect":false,"disconnect":true}}'),
         "unknown", "credentials", '"disconnect" twice'),
        (answer("200 OK", b""), "unknown", "", "empty body"),
        (answer("500 Oops", {"data": {"disconnect": True}}), "unknown", "", "HTTP 500"),
        (answer("500 Oops", {"errors": [{"message": "not found"}]}), "unknown", "", "not found"),
        (answer("502 Bad Gateway", "<html>"), "unknown", "", "HTTP 502"),
        (UNAUTHORIZED, "refused", "credentials", "HTTP 403: Unauthorized"),
        (answer("404 Not Found", "404 Page Not Found"), "refused", "", "HTTP 404"),
        (answer("429 Too Many Requests", "slow down"), "refused", "limit", "slow down"),
        (answer("307 Temporary Redirect", b"", "Location: https://other.example/"), "refused", "", "other.example"),
        (reset, "unknown", "", "The request was sent"),
    ],
)  # fmt: skip
def test_an_answer_to_disconnect_becomes_one_outcome(
    reaction: bytes | Reaction, outcome: str, cause: str, reason: str
) -> None:
    told = disconnect(reaction)
    assert (told.outcome, told.cause) == (outcome, cause)
    assert reason in told.reason


def test_silence_after_a_disconnect_is_unknown() -> None:
    assert disconnect(silence, timeout=0.5).outcome is Outcome.UNKNOWN


OPENED = {
    "status": "true",
    "connection": {
        "deviceaddress": ADDRESS,
        "expirationsec": "28797",
        "proxy": "http://proxy40.rt3.io:34168",
        "connectionid": "A78B3919-52E1-B674-58CC-5C0009377419",
    },
}


def test_it_opens_a_connection() -> None:
    with RawServer(answer("200 OK", OPENED)) as server, client_of(server) as client:
        opened = client.open_connection(ADDRESS, "198.51.100.7")
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /apv/v27/device/connect HTTP/1.1\r\n")
    assert json.loads(body) == {"deviceaddress": ADDRESS, "wait": True, "hostip": "198.51.100.7"}
    assert (opened.outcome, opened.status) == (Opening.OPENED, 200)
    assert opened.connection_id == "A78B3919-52E1-B674-58CC-5C0009377419"
    assert (opened.proxy_address, opened.expires_in_s) == ("http://proxy40.rt3.io:34168", 28797)


@pytest.mark.parametrize(
    ("reaction", "outcome", "reason"),
    [
        (answer("200 OK", {"status": "false"}), "refused", ""),
        (answer("403 Forbidden", {"status": "false", "reason": "[0405] not shared"}), "refused", "[0405] not shared"),
        (answer("200 OK", {"status": "false", "reason": "[0861] none"}), "refused", "[0861] none"),
        (answer("404 Not Found", "404 Not Found"), "refused", "HTTP 404"),
        (answer("429 Too Many Requests", OPENED), "unknown", 'status in the answer is "true"'),
        (answer("429 Too Many Requests", "slow down"), "refused", "slow down"),
        (answer("200 OK", {"status": "true"}), "unknown", "names no connection"),
        (answer("200 OK", {"status": "true", "connection": {"deviceaddress": "80:0", "connectionid": "x"}}),
         "unknown", "another address"),
        (answer("200 OK", {"status": "true", "connectionid": "  "}), "unknown", "names no connection"),
        (answer("200 OK", {"status": "true", "connectionid": "a" * 65}), "unknown", "names no connection"),
        (answer("200 OK", b'{"status":"false","status":"true","connectionid":"x"}'), "unknown", '"status" twice'),
        (answer("403 Forbidden", b'{"status":"false","status":"true"}'), "unknown", '"status" twice'),
        (answer("200 OK", {"status": "pending"}), "unknown", "pending"),
        (answer("200 OK", b'{"status":"tr'), "unknown", "may be open"),
        (answer("500 Oops", "<html>"), "unknown", "may be open"),
        (answer("307 Temporary Redirect", b"", "Location: https://other.example/"), "refused", "other.example"),
        (reset, "unknown", "The request was sent"),
    ],
)  # fmt: skip
def test_an_answer_to_a_wish_for_a_connection_becomes_one_outcome(
    reaction: bytes | Reaction, outcome: str, reason: str
) -> None:
    with RawServer(reaction) as server, client_of(server) as client:
        opened = client.open_connection(ADDRESS, "0.0.0.0")
    assert opened.outcome == outcome
    assert reason in opened.reason
    assert opened.connection_id == ""


def test_a_wish_that_never_left_has_failed() -> None:
    with RawServer(b"") as server:
        url = server.url
    with Client(url, TOKEN, concurrency=1, connect_timeout=1, read_timeout=1) as client:
        assert client.open_connection(ADDRESS, "0.0.0.0").outcome is Opening.FAILED


@pytest.fixture(params=["password", "access key"])
def pair(request: pytest.FixtureRequest) -> Any:
    """A sandbox and a client of it."""
    with Sandbox(connections=60, seed=5) as sandbox:
        key = {"access_key_id": sandbox.access_key["R3_ACCESS_KEY_ID"]}
        key["secret_access_key"] = sandbox.access_key["R3_SECRET_ACCESS_KEY"]
        known = {"username": sandbox.username, "password": sandbox.password} if request.param == "password" else key
        with Client(
            sandbox.url,
            Credentials(developer_key=sandbox.developer_key, **known),
            concurrency=2,
            connect_timeout=5,
            read_timeout=5,
            graphql_url=sandbox.graphql_url,
        ) as client:
            if client.needs_login:
                client.login()
            yield sandbox, client


def test_the_sandboxs_list_holds_every_open_connection_once(pair: tuple[Sandbox, Client]) -> None:
    sandbox, client = pair
    listed = client.read_sessions()
    assert listed.complete, listed.why_incomplete
    ids = [one.id for one in listed.sessions if one.proxy]
    assert sorted(ids) == sorted(row["connection_id"].lower() for row in sandbox.world.rows("open"))
    assert len(listed.accounts) == 3


def test_what_was_disconnected_is_gone_from_the_list(pair: tuple[Sandbox, Client]) -> None:
    _, client = pair
    first = client.read_sessions().sessions[0]
    assert client.disconnect(first.service_address, first.id).outcome is Outcome.STOPPED
    assert client.disconnect(first.service_address, first.id).outcome is Outcome.ALREADY_GONE
    assert first.id not in [one.id for one in client.read_sessions().sessions]


def test_what_was_opened_is_in_the_list(pair: tuple[Sandbox, Client]) -> None:
    _, client = pair
    opened = client.open_connection(client.read_sessions().sessions[0].service_address, "0.0.0.0")
    assert opened.connection_id.lower() in [one.id for one in client.read_sessions().sessions]


@pytest.mark.parametrize("stop", [Client.stop, Client.disconnect])
def test_a_stop_that_did_nothing_leaves_the_session_in_the_list(
    pair: tuple[Sandbox, Client], stop: Callable[[Client, str, str], Answer]
) -> None:
    sandbox, client = pair
    first = client.read_sessions().sessions[0]
    sandbox.faults.add(FaultRule("ignored", path=None, connection_id=first.id))
    assert stop(client, first.service_address, first.id).outcome is Outcome.STOPPED
    assert first.id in [one.id for one in client.read_sessions().sessions]


@pytest.mark.parametrize("kind", ["errors", "errors_too", "null_sessions", "null_session", "null_endpoint", "truncated",
                                  "bad_length", "unauthorized", "empty", "html500", "reset_after", "blank_id",
                                  "sessions_twice", "gzip_bomb"])  # fmt: skip
def test_no_fault_of_the_list_leaves_it_complete(kind: str) -> None:
    with Sandbox(connections=60, seed=5) as sandbox:
        token = sandbox.call(sandbox.server.accounts.new_token)
        sandbox.faults.add(FaultRule(kind, path="graphql/v1", times=1))
        with Client(
            sandbox.url,
            Credentials(token=token),
            concurrency=1,
            connect_timeout=5,
            read_timeout=5,
            graphql_url=sandbox.graphql_url,
        ) as client:
            assert not client.read_sessions().complete
            assert client.read_sessions().complete
