"""What the client sends, over which connections, and what it keeps to itself."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from connections.remoteit import Client, Credentials, InvalidBaseURL, Outcome
from connections.remoteit.wire.deadlines import Deadlines
from tests.support.rawserver import RawServer, Reaction, answer, endless, head_only, silence

ADDRESS = "80:00:00:00:01:00:40:c5"
ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
YES = answer("200 OK", {"status": "true"})
NO = answer("401 Unauthorized", {"status": "false", "reason": "no"})
CREDENTIALS = Credentials(developer_key="developer-key", token="session-token")


def client_of(server: RawServer, *, path: str = "", concurrency: int = 1, timeout: float = 5) -> Client:
    return Client(
        server.url + path,
        CREDENTIALS,
        concurrency=concurrency,
        connect_timeout=timeout,
        read_timeout=timeout,
    )


def eventually(happened: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)
    return happened()


def test_head_and_body_leave_in_one_piece() -> None:
    pieces: list[bytes] = []

    def note_the_first_piece_of_each(sock: socket.socket, _server: RawServer) -> None:
        while piece := sock.recv(65536):
            pieces.append(piece)
            if piece.endswith(b"}"):
                sock.sendall(YES)

    with RawServer(on_connect=note_the_first_piece_of_each) as server, client_of(server) as client:
        for _ in range(20):
            client.stop(ADDRESS, ID)
    assert len(pieces) == 20


def test_it_sends_exactly_these_bytes() -> None:
    with RawServer(YES) as server, client_of(server) as client:
        client.stop(ADDRESS, ID)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    request_line, *headers = head.decode().split("\r\n")
    assert request_line == "POST /apv/v27/device/connect/stop HTTP/1.1"
    assert body == b'{"deviceaddress":"80:00:00:00:01:00:40:c5","connectionid":"A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"}'
    assert sorted(header for header in headers if not header.startswith("User-Agent: ")) == [
        "Accept-Encoding: identity",
        "Accept: application/json",
        "Connection: keep-alive",
        "Content-Length: 97",
        "Content-Type: application/json",
        f"Host: 127.0.0.1:{server.port}",
        "developerkey: developer-key",
        "token: session-token",
    ]


def test_it_takes_a_base_url_with_a_trailing_slash() -> None:
    with RawServer(YES) as server, client_of(server, path="/") as client:
        client.stop(ADDRESS, ID)
    assert server.requests[0].startswith(b"POST /apv/v27/device/connect/stop ")


def test_it_sends_one_request_per_call_from_many_threads() -> None:
    ids = [f"{number:08x}-c678-4da4-60d2-60f1fe8eb5da" for number in range(320)]
    with RawServer(YES) as server, client_of(server, concurrency=16) as client, ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda each: client.stop(ADDRESS, each), ids))
        assert server.connections <= 16
    assert {answer.outcome for answer in answers} == {Outcome.STOPPED}
    sent = [json.loads(request.partition(b"\r\n\r\n")[2])["connectionid"] for request in server.requests]
    assert sorted(sent) == ids


def test_it_has_as_many_connections_as_threads() -> None:
    together = threading.Barrier(16)

    def answer_when_all_have_asked(sock: socket.socket, server: RawServer) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(2)
            sock.sendall(YES)

    with (
        RawServer(answer_when_all_have_asked) as server,
        client_of(server, concurrency=16) as client,
        ThreadPoolExecutor(16) as threads,
    ):
        answers = list(threads.map(lambda _: client.stop(ADDRESS, ID), range(16)))
    assert {answer.outcome for answer in answers} == {Outcome.STOPPED}


def test_it_reuses_a_connection() -> None:
    with RawServer(NO, YES) as server, client_of(server) as client:
        outcomes = [client.stop(ADDRESS, ID).outcome for _ in range(3)]
        assert server.connections == 1
    assert outcomes == [Outcome.REFUSED, Outcome.STOPPED, Outcome.STOPPED]


def test_it_opens_a_new_connection_when_the_kept_one_was_closed() -> None:
    with RawServer(YES) as server, client_of(server) as client:
        client.stop(ADDRESS, ID)
        server.drop_connections()
        assert client.stop(ADDRESS, ID).outcome is Outcome.STOPPED
        assert (server.connections, len(server.requests)) == (2, 2)


def early_hints_then_a_late_yes(sock: socket.socket, server: RawServer) -> None:
    sock.sendall(head_only("103 Early Hints"))
    server.closing.wait(0.1)
    sock.sendall(YES)


def test_a_late_answer_is_never_taken_for_the_next_call() -> None:
    with RawServer(early_hints_then_a_late_yes, NO) as server, client_of(server) as client:
        outcomes = [client.stop(ADDRESS, ID).outcome for _ in range(2)]
    assert outcomes == [Outcome.UNKNOWN, Outcome.REFUSED]


@pytest.mark.parametrize("fault", [silence, endless(head_only("200 OK")), endless(head_only("302 Found"))])
def test_the_next_call_works_after_one_that_went_wrong(fault: Reaction) -> None:
    with RawServer(fault, YES) as server, client_of(server, timeout=0.3) as client:
        outcomes = [client.stop(ADDRESS, ID).outcome for _ in range(2)]
    assert outcomes[1] is Outcome.STOPPED


def test_it_keeps_no_cookies() -> None:
    cookie = answer("200 OK", {"status": "true"}, "Set-Cookie: session=1; Path=/")
    with RawServer(cookie) as server, client_of(server) as client:
        client.stop(ADDRESS, ID)
        client.stop(ADDRESS, ID)
    assert b"cookie" not in server.requests[1].lower()


def test_it_ignores_proxies_and_netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    netrc.chmod(0o600)
    with RawServer(NO) as proxy, RawServer(YES) as server, client_of(server) as client:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("NETRC", str(netrc))
        assert client.stop(ADDRESS, ID).outcome is Outcome.STOPPED
        assert proxy.connections == 0
    assert b"authorization" not in server.requests[0].lower()


def test_it_ignores_the_ca_bundle_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ca = trustme.CA()
    bundle = str(tmp_path / "ca.pem")
    ca.cert_pem.write_to_path(bundle)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, bundle)
    with RawServer(YES, tls=context) as server, client_of(server) as client:
        assert client.stop(ADDRESS, ID).outcome is Outcome.FAILED
        assert server.requests == []


def test_a_repr_shows_no_secret() -> None:
    credentials = Credentials("devkey-1", "user-1", "password-1", "token-1", "id-1", "secret-1")
    with Client(
        "https://api.remote.it/apv/v27/", credentials, concurrency=1, connect_timeout=1, read_timeout=1
    ) as client:
        assert repr(client) == "Client('https://api.remote.it/apv/v27')"
    assert repr(credentials) == str(credentials) == "Credentials(hidden)"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.remote.it/apv/v27",
        "https://api.remot3.it/apv/v27",
        "http://127.0.0.1:9527/apv/v27",
        "http://127.8.9.10/apv/v27",
        "http://[::1]:9527/apv/v27",
        "http://localhost:9527/apv/v27",
        "HTTP://LOCALHOST/apv/v27",
    ],
)
def test_it_takes_these_base_urls(url: str) -> None:
    Client(url, CREDENTIALS, concurrency=1, connect_timeout=1, read_timeout=1).close()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.remote.it/apv/v27",
        "http://127.0.0.1.example.org/apv/v27",
        "http://localhost.example.org/apv/v27",
        "http://0.0.0.0/apv/v27",
        "http://127.0.0.1\\@example.org/apv/v27",
        "http://127.0.0.1\t.example.org/",
        "https://user:hunter2@api.remote.it/apv/v27",
        "http://hunter2@127.0.0.1/apv/v27",
        "https://api.remote.it/apv/v27?key=hunter2",
        "https://api.remote.it/apv/v27#hunter2",
        "https://api.remote.it/apv/v27?",
        "https://api.remote.it:hunter2/apv/v27",
        "https://[::1/apv/v27",
        "https:///apv/v27",
        "ftp://127.0.0.1/apv/v27",
        "api.remote.it/apv/v27",
        "",
    ],
)
def test_it_refuses_these_base_urls_and_repeats_no_secret(url: str) -> None:
    with pytest.raises(InvalidBaseURL) as error:
        Client(url, CREDENTIALS, concurrency=1, connect_timeout=1, read_timeout=1)
    assert "hunter2" not in str(error.value)


class Line:
    """A connection as a call sees it: a socket, and the call that has it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.call: object = None


def test_it_cuts_no_connection_that_serves_the_next_call_already() -> None:
    deadlines = Deadlines(limit=0.2)
    ours, theirs = socket.socketpair()
    with ours, theirs, deadlines.call() as first:
        line = Line(ours)
        first.leave_through(line)
        time.sleep(0.1)
        with deadlines.call() as second:
            second.leave_through(line)
            assert eventually(lambda: first.expired)
            theirs.sendall(b"still here")
            assert ours.recv(10) == b"still here"


def test_nothing_leaves_after_the_end_of_a_call() -> None:
    deadlines = Deadlines(limit=0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs, deadlines.call() as call:
        assert eventually(lambda: call.expired)
        with pytest.raises(TimeoutError):
            call.leave_through(Line(ours))
        assert not call.left


def test_the_thread_that_ends_calls_ends_itself() -> None:
    def watchers() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name == "remoteit-deadlines"}

    before = watchers()
    deadlines = Deadlines(limit=0.1)
    for _ in range(2):
        with deadlines.call():
            (watcher,) = watchers() - before
        watcher.join(10)
        assert not watcher.is_alive()


@pytest.mark.parametrize("length", [199, 206, 240])
def test_a_token_that_a_long_line_cuts_off_is_hidden_too(length: int) -> None:
    token = "t0k3n" * 60
    page = "<p>" + "x" * (length - 30) + token
    with RawServer(answer("500 Oops", page)) as server:
        client = Client(server.url, Credentials(token=token), concurrency=1, connect_timeout=5, read_timeout=5)
        reason = client.stop(ADDRESS, ID).reason
    assert "t0k3nt" not in reason
