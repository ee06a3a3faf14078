"""What is left of a stop when no whole answer comes: failed if nothing was sent, unknown in every other case."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from connections.remoteit import Answer, Cause, Client, Credentials, Outcome
from tests.support.rawserver import (
    RawServer,
    Reaction,
    answer,
    below_tls,
    close_in_handshake,
    drip,
    head_only,
    reset,
    reset_in_handshake,
    silence,
    then_close,
    then_silence,
)

ADDRESS = "80:00:00:00:01:00:40:C5"
ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
YES = answer("200 OK", {"status": "true", "connectionid": ID})
NO = answer("401 Unauthorized", {"status": "false", "reason": "no"})
# Seconds, where a test waits for the end of them. Everywhere else a busy machine has time enough.
SHORT = 0.3
CREDENTIALS = Credentials(developer_key="developer-key", token="session-token")


def stop_at(
    url: str, ca_bundle: str | None = None, *, timeout: float = 5, credentials: Credentials = CREDENTIALS
) -> Answer:
    with Client(
        url, credentials, concurrency=1, connect_timeout=timeout, read_timeout=timeout, ca_bundle=ca_bundle
    ) as client:
        return client.stop(ADDRESS, ID)


def client_of(server: RawServer) -> Client:
    return Client(server.url, CREDENTIALS, concurrency=1, connect_timeout=5, read_timeout=5)


def assert_failed(result: Answer, sentence: str) -> None:
    assert result.outcome is Outcome.FAILED
    assert result.status is None
    assert sentence in result.reason
    assert_human(result)


def assert_unknown(result: Answer, sentence: str) -> None:
    assert result.outcome is Outcome.UNKNOWN
    assert sentence in result.reason
    assert_human(result)


def assert_human(result: Answer) -> None:
    assert " 0x" not in result.reason
    assert "session-token" not in repr(result)
    assert "developer-key" not in repr(result)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_bundle(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="module")
def tls(ca: trustme.CA) -> ssl.SSLContext:
    return tls_context(ca, "127.0.0.1")


def tls_context(ca: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(host).configure_cert(context)
    return context


# Nothing left


def test_it_fails_when_the_connection_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert_failed(stop_at(f"http://127.0.0.1:{port}/apv/v27"), "refused the connection")


def test_it_fails_when_the_name_is_unknown() -> None:
    assert_failed(stop_at("https://api.remoteit.invalid/apv/v27"), "name could not be resolved")


def test_it_fails_when_the_name_is_no_name() -> None:
    assert stop_at(f"https://{'a' * 64}.invalid/apv/v27").outcome is Outcome.FAILED


@pytest.fixture
def full_backlog() -> Iterator[int]:
    """Yield the port of a listener that takes no more connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for sock in waiting:
            sock.close()


def test_it_fails_when_nobody_accepts_in_time(full_backlog: int) -> None:
    assert_failed(
        stop_at(f"http://127.0.0.1:{full_backlog}/apv/v27", timeout=SHORT), "did not accept a connection in time"
    )


def test_it_fails_when_the_server_speaks_no_tls() -> None:
    with RawServer(on_connect=then_close(answer("400 Bad Request"))) as server:
        result = stop_at(server.url.replace("http:", "https:"))
    assert_failed(result, "TLS handshake failed")


def test_it_fails_when_the_ca_is_unknown(tls: ssl.SSLContext) -> None:
    with RawServer(YES, tls=tls) as server:
        assert_failed(stop_at(server.url), "TLS handshake failed")
        assert server.requests == []


def test_it_fails_when_the_certificate_is_for_another_name(ca: trustme.CA, ca_bundle: str) -> None:
    with RawServer(YES, tls=tls_context(ca, "api.example.org")) as server:
        assert_failed(stop_at(server.url, ca_bundle), "TLS handshake failed")
        assert server.requests == []


@pytest.mark.parametrize("fault", [reset_in_handshake, close_in_handshake])
def test_it_fails_when_the_handshake_breaks(fault: Reaction) -> None:
    with RawServer(on_connect=fault) as server:
        assert stop_at(server.url.replace("http:", "https:")).outcome is Outcome.FAILED


def test_it_fails_when_the_handshake_hangs() -> None:
    with RawServer(on_connect=silence) as server:
        assert stop_at(server.url.replace("http:", "https:"), timeout=SHORT).outcome is Outcome.FAILED


@pytest.mark.parametrize("value", ["żółw", "a\r\nX-Injected: 1", " leading", "trailing ", "nul\0", "tab\t"])
@pytest.mark.parametrize("name", ["developer_key", "token"])
def test_it_fails_when_a_header_cannot_carry_a_credential(name: str, value: str) -> None:
    with RawServer(YES) as server:
        result = stop_at(server.url, credentials=Credentials(**{name: value}))
        assert server.connections == 0
    assert (result.outcome, result.cause) == (Outcome.FAILED, Cause.CREDENTIALS)
    assert value.strip() not in result.reason


def test_it_fails_when_an_id_cannot_be_encoded() -> None:
    with (
        RawServer(YES) as server,
        client_of(server) as client,
    ):
        assert_failed(client.stop(ADDRESS, "\ud800"), "characters that can't be sent")
        assert server.connections == 0


# It may have happened

AFTER_SENDING = {
    "closes": (then_close(b""), "connection broke"),
    "resets": (reset, "connection broke"),
    "half a status line, then closes": (then_close(b"HTTP/1.1 2"), "connection broke"),
    "no HTTP": (then_close(b"220 mail.example.org ESMTP\r\n"), "connection broke"),
    "length too long": (then_close(head_only("200 OK", "Content-Length: 99") + b'{"status":"true"}'), "broke"),
    "length too short": (head_only("200 OK", "Content-Length: 9") + b'{"status":"true"}', "No yes or no in"),
    "401, length too long": (then_close(head_only("401 No", "Content-Length: 99") + b"{"), "connection broke"),
    "two lengths": (head_only("200 OK", "Content-Length: 17", "Content-Length: 40") + b'{"status":"true"}', "broke"),
    "chunks cut off": (
        then_close(head_only("200 OK", "Transfer-Encoding: chunked") + b'11\r\n{"status":"true"}\r\n'),
        "connection broke",
    ),
    "chunk of no size": (
        head_only("200 OK", "Transfer-Encoding: chunked") + b"zz\r\n{}\r\n",
        "connection broke",
    ),
    "gzip that is none": (answer("200 OK", {"status": "true"}, "Content-Encoding: gzip"), "could not be decoded"),
    "header of 70 kB": (answer("200 OK", {"status": "true"}, "X-Long: " + "x" * 70_000), "connection broke"),
    "150 headers": (answer("200 OK", {"status": "true"}, *(f"X-{n}: 1" for n in range(150))), "connection broke"),
}


@pytest.mark.parametrize(("fault", "sentence"), AFTER_SENDING.values(), ids=AFTER_SENDING)
def test_it_is_unknown_when_the_call_breaks_after_sending(fault: bytes | Reaction, sentence: str) -> None:
    with RawServer(fault) as server:
        result = stop_at(server.url)
        assert len(server.requests) == 1
    assert_unknown(result, sentence)


@pytest.mark.parametrize("fault", [then_close(b""), reset], ids=["closes", "resets"])
def test_it_is_unknown_when_a_reused_connection_breaks_after_sending_and_nothing_is_sent_again(fault: Reaction) -> None:
    with RawServer(YES, fault) as server, client_of(server) as client:
        assert client.stop(ADDRESS, ID).outcome is Outcome.STOPPED
        assert_unknown(client.stop(ADDRESS, ID), "connection broke")
        assert (server.connections, len(server.requests)) == (1, 2)


def test_what_is_left_of_a_longer_answer_is_not_taken_for_the_next_one() -> None:
    with RawServer(head_only("200 OK", "Content-Length: 0") + YES, NO) as server, client_of(server) as client:
        outcomes = [client.stop(ADDRESS, ID).outcome for _ in range(2)]
    assert outcomes == [Outcome.UNKNOWN, Outcome.REFUSED]


SILENCES = {
    "at once": b"",
    "in the status line": b"HTTP/1.1 2",
    "after the head": head_only("200 OK", "Content-Length: 9"),
    "where no length says whether more comes": head_only("200 OK") + b'{"status":"true"}',
}


@pytest.mark.parametrize("data", SILENCES.values(), ids=SILENCES)
def test_it_is_unknown_when_the_api_falls_silent(data: bytes) -> None:
    with RawServer(then_silence(data)) as server:
        assert_unknown(stop_at(server.url, timeout=SHORT), "The request was sent, but no complete answer came in time")


DRIPS = {
    "head": answer("200 OK", {"status": "true"}),
    "body": head_only("200 OK", "Content-Length: 500") + b" " * 500,
    "body without a length": head_only("200 OK") + b'{"status":"true"}' + b" " * 500,
    "chunks": head_only("200 OK", "Transfer-Encoding: chunked") + b"1\r\n \r\n" * 100,
}


@pytest.mark.parametrize("data", DRIPS.values(), ids=DRIPS)
def test_it_ends_an_answer_that_drips(data: bytes) -> None:
    with RawServer(drip(data)) as server:
        assert_unknown(stop_at(server.url, timeout=SHORT), "No complete answer within 0.6 s")


def test_it_ends_an_answer_that_drips_and_announces_its_close() -> None:
    data = head_only("200 OK", "Connection: close") + b'{"status":"true"}' + b" " * 500
    with RawServer(drip(data, every=0.01)) as server:
        assert_unknown(stop_at(server.url, timeout=SHORT), "No complete answer within 0.6 s")


def test_it_ends_an_answer_that_drips_through_tls(tls: ssl.SSLContext, ca_bundle: str) -> None:
    with RawServer(drip(DRIPS["body"]), tls=tls) as server:
        assert_unknown(stop_at(server.url, ca_bundle, timeout=SHORT), "No complete answer within 0.6 s")


TLS_AFTER_SENDING = {
    "corrupt record": below_tls(b"\x17\x03\x03\x00\x20" + b"x" * 32),
    "plain text": below_tls(YES),
    "closes": then_close(b""),
    "resets": reset,
}


@pytest.mark.parametrize("fault", TLS_AFTER_SENDING.values(), ids=TLS_AFTER_SENDING)
def test_it_is_unknown_when_tls_breaks_after_sending(fault: Reaction, tls: ssl.SSLContext, ca_bundle: str) -> None:
    with RawServer(fault, tls=tls) as server:
        result = stop_at(server.url, ca_bundle)
        assert len(server.requests) == 1
    assert_unknown(result, "The request was sent")


def test_it_is_unknown_when_the_api_falls_silent_through_tls(tls: ssl.SSLContext, ca_bundle: str) -> None:
    with RawServer(silence, tls=tls) as server:
        assert_unknown(stop_at(server.url, ca_bundle, timeout=SHORT), "The request was sent, but no complete answer")


def test_it_stops_through_tls(tls: ssl.SSLContext, ca_bundle: str) -> None:
    with RawServer(YES, tls=tls) as server:
        assert stop_at(server.url, ca_bundle).outcome is Outcome.STOPPED


@pytest.mark.parametrize("host", ["api.remote.it", "api.remot3.it"])
def test_both_of_the_vendor_s_hosts_are_called_by_their_names(
    host: str, ca: trustme.CA, ca_bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(YES, tls=tls_context(ca, host)) as server:
        here = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", server.port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *wanted, **more: [here])
        assert stop_at(f"https://{host}/apv/v27", ca_bundle).outcome is Outcome.STOPPED
    [request] = server.requests
    assert request.startswith(b"POST /apv/v27/device/connect/stop HTTP/1.1\r\n")
    assert f"\r\nHost: {host}\r\n".encode() in request


def test_it_keeps_the_status_of_an_answer_that_broke() -> None:
    with RawServer(then_close(head_only("200 OK", "Content-Length: 99"))) as server:
        assert stop_at(server.url).status == 200
