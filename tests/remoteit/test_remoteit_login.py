"""Signing in: never by itself, and never hidden in a stop's outcome."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from connections.remoteit import Answer, Cause, Client, Credentials, Opening, Outcome
from tests.support.rawserver import RawServer, Reaction, answer, silence, then_close

ADDRESS = "80:00:00:00:01:00:40:C5"
ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
YES = answer("200 OK", {"status": "true"})
PASSWORD = Credentials(developer_key="developer-key", username="anna@example.org", password="pässword-1")


def logged_in(token: str, *headers: str) -> bytes:
    return answer("200 OK", {"status": "true", "token": token}, *headers)


def no(reason: str, **more: str) -> bytes:
    return answer("401 Unauthorized", {"status": "false", "reason": reason, **more})


def client_of(server: RawServer, credentials: Credentials = PASSWORD, *, timeout: float = 5) -> Client:
    return Client(server.url, credentials, concurrency=16, connect_timeout=timeout, read_timeout=timeout)


def stop_from_16_threads(client: Client) -> list[Answer]:
    together = threading.Barrier(16)

    def stop(_number: int) -> Answer:
        together.wait()
        return client.stop(ADDRESS, ID)

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(stop, range(16)))


def paths(server: RawServer) -> list[str]:
    return [request.split(b" ")[1].decode().removeprefix("/apv/v27") for request in server.requests]


def test_a_sign_in_gives_the_token_that_stops_are_sent_with() -> None:
    with RawServer(logged_in("token-1"), YES) as server, client_of(server) as client:
        client.login()
        assert client.stop(ADDRESS, ID).outcome is Outcome.STOPPED
    assert paths(server) == ["/user/login", "/device/connect/stop"]
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert json.loads(body) == {"username": "anna@example.org", "password": "pässword-1"}
    assert b"\r\ndeveloperkey: developer-key" in head
    assert b"\r\ntoken: " not in head
    assert b"\r\ntoken: token-1\r\n" in server.requests[1]


def test_a_given_token_is_used_as_it_is() -> None:
    credentials = Credentials(developer_key="developer-key", token="given", username="anna", password="password-1")
    with RawServer(YES) as server, client_of(server, credentials) as client:
        client.stop(ADDRESS, ID)
    assert paths(server) == ["/device/connect/stop"]
    assert b"\r\ntoken: given\r\n" in server.requests[0]


def test_without_a_token_sixteen_threads_send_nothing_and_sign_in_never() -> None:
    with RawServer(YES) as server, client_of(server) as client:
        answers = stop_from_16_threads(client)
    assert {(answer.outcome, answer.cause) for answer in answers} == {(Outcome.FAILED, Cause.TOKEN)}
    assert server.requests == []


def test_without_a_token_nothing_is_listed_or_opened() -> None:
    with RawServer(YES) as server, client_of(server) as client:
        assert client.read_sessions().why_incomplete == "Not signed in to remote.it"
        assert client.open_connection(ADDRESS, "0.0.0.0").outcome is Opening.FAILED
    assert server.requests == []


def test_the_token_of_another_client_is_used() -> None:
    with RawServer(YES) as server, client_of(server) as client:
        assert client.use_token("token-of-another")
        client.stop(ADDRESS, ID)
    assert b"\r\ntoken: token-of-another\r\n" in server.requests[0]


def test_a_token_that_was_rejected_is_not_used_again() -> None:
    with RawServer(no("Auth token expired")) as server, client_of(server) as client:
        client.use_token("token-1")
        client.stop(ADDRESS, ID)
        assert not client.use_token("token-1")
        assert client.needs_login
        assert client.use_token("token-2")


def test_a_rejected_token_is_told_and_wants_a_sign_in() -> None:
    expired = no("Auth token expired")
    with RawServer(logged_in("token-1"), expired, logged_in("token-2"), YES) as server, client_of(server) as client:
        client.login()
        first = client.stop(ADDRESS, ID)
        assert client.needs_login
        client.login()
        second = client.stop(ADDRESS, ID)
    assert (first.outcome, first.cause, first.reason) == (Outcome.REFUSED, Cause.TOKEN, "Auth token expired")
    assert second.outcome is Outcome.STOPPED
    assert paths(server) == ["/user/login", "/device/connect/stop"] * 2


def test_a_rejected_token_is_kept_when_there_is_nothing_else() -> None:
    with RawServer(no("Auth token expired")) as server, client_of(server, Credentials(token="given")) as client:
        client.stop(ADDRESS, ID)
        client.stop(ADDRESS, ID)
    assert paths(server) == ["/device/connect/stop"] * 2
    assert all(b"\r\ntoken: given\r\n" in request for request in server.requests)


def test_a_late_rejection_of_an_old_token_leaves_the_new_one_alone() -> None:
    asked, renewed = threading.Event(), threading.Event()

    def reject_late(sock: socket.socket, server: RawServer) -> None:
        asked.set()
        renewed.wait(10)
        sock.sendall(no("Auth token expired"))

    with (
        RawServer(logged_in("token-1"), reject_late, logged_in("token-2")) as server,
        client_of(server) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        client.login()
        late = threads.submit(client.stop, ADDRESS, ID)
        asked.wait(10)
        client.login()
        renewed.set()
        assert late.result().cause is Cause.TOKEN
        assert not client.needs_login


@pytest.mark.parametrize(
    ("reply", "cause", "reason"),
    [
        (no("[0102] The username or password is invalid"), Cause.CREDENTIALS, "[0102] The username or password is"),
        (no("api key failed validation"), Cause.CREDENTIALS, "api key failed validation"),
        (no("x", code="SMS_MFA"), Cause.CREDENTIALS, "This account uses two-factor sign-in and needs an access key"),
        (answer("429 Too Many", "slow", "Retry-After: 7"), Cause.LIMIT, "HTTP 429: slow"),
        (answer("502 Bad Gateway", "<h1>Bad"), Cause.NONE, "HTTP 502: <h1>Bad"),
        (answer("200 OK", {"status": "true"}), Cause.NONE, "HTTP 200"),
        (then_close(b""), Cause.NONE, "The request was sent, but the connection broke"),
    ],
)
def test_a_sign_in_that_fails_says_why_and_no_stop_is_sent(reply: bytes | Reaction, cause: Cause, reason: str) -> None:
    with RawServer(reply) as server, client_of(server) as client:
        login = client.login()
        assert client.stop(ADDRESS, ID).outcome is Outcome.FAILED
    assert not login.accepted
    assert login.cause is cause
    assert login.reason.startswith(reason)
    assert paths(server) == ["/user/login"]


def test_a_sign_in_without_an_answer_stays_open() -> None:
    with RawServer(silence) as server, client_of(server, timeout=0.3) as client:
        login = client.login()
    assert login.accepted is None
    assert login.reason.startswith("The request was sent, but no complete answer")


def test_a_limited_sign_in_hands_on_when_to_come_back() -> None:
    with RawServer(answer("429 Too Many", "slow", "Retry-After: 7")) as server, client_of(server) as client:
        assert client.login().retry_after == "7"


def test_a_sign_in_tells_what_the_api_said() -> None:
    with RawServer(no("[0102] The username or password is invalid")) as server, client_of(server) as client:
        login = client.login()
    assert (login.accepted, login.cause, login.status) == (False, Cause.CREDENTIALS, 401)
    assert login.reason == "[0102] The username or password is invalid"


def test_a_sign_in_without_a_password_sends_nothing() -> None:
    with RawServer(YES) as server, client_of(server, Credentials(token="given")) as client:
        assert client.login().accepted is None
        assert server.connections == 0


def test_a_sign_in_shows_neither_token_nor_password() -> None:
    echo = no("wrong: anna@example.org pässword-1")
    with RawServer(logged_in("token-12345"), echo) as server, client_of(server) as client:
        shown = repr(client.login()) + repr(client.login())
    assert "token-12345" not in shown
    assert "pässword-1" not in shown


@pytest.mark.parametrize(
    "body",
    [{"status": "success", "token": "token-12345"}, {"token": "token-12345"}, '<p>{"auth_token":"token-12345"'],
)
@pytest.mark.parametrize("status", ["200 OK", "500 Internal", "401 Unauthorized", "429 Too Many"])
def test_an_answer_that_may_hold_a_token_is_not_quoted(body: dict[str, str] | str, status: str) -> None:
    with RawServer(answer(status, body)) as server, client_of(server) as client:
        login = client.login()
    assert not login.accepted
    assert "token-12345" not in login.reason
    assert login.reason.startswith(f"HTTP {status[:3]}")
