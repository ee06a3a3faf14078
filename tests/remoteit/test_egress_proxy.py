"""Through an egress proxy, too, it is known whether a byte of the request left: failed if none did, else unknown."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import pytest
import trustme

from connections.accounts import credentials
from connections.remoteit import Answer, Client, Credentials, InvalidProxyURL, Outcome
from connections.remoteit.wire.base_url import checked_proxy_url
from connections.sandbox import Sandbox
from tests.support.connectproxy import ConnectProxy
from tests.support.rawserver import (
    RawServer,
    Reaction,
    answer,
    close_in_handshake,
    drip,
    head_only,
    reset,
    silence,
    then_close,
)

ADDRESS = "80:00:00:00:01:00:40:C5"
ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
YES = answer("200 OK", {"status": "true", "connectionid": ID})
CREDENTIALS = Credentials(developer_key="developer-key", token="session-token")
SHORT = 0.3


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
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    return context


def client_of(url: str, proxy: str, ca_bundle: str, timeout: float = 5) -> Client:
    return Client(
        url,
        CREDENTIALS,
        concurrency=1,
        connect_timeout=timeout,
        read_timeout=timeout,
        ca_bundle=ca_bundle,
        proxy=proxy,
        graphql_url=url.replace("apv/v27", "graphql/v1"),
    )


def stop(url: str, proxy: str, ca_bundle: str, timeout: float = 5) -> Answer:
    with client_of(url, proxy, ca_bundle, timeout) as client:
        return client.stop(ADDRESS, ID)


@pytest.mark.parametrize("encrypted", [False, True], ids=["http proxy", "https proxy"])
def test_it_stops_and_lists_through_the_proxy(encrypted: bool, tls: ssl.SSLContext, ca_bundle: str) -> None:
    empty = answer("200 OK", {"data": {"login": {"id": "a", "sessions": [], "membership": []}}})
    with RawServer(YES, YES, empty, tls=tls) as server, ConnectProxy(tls=tls if encrypted else None) as proxy:
        with client_of(server.url, proxy.url, ca_bundle) as client:
            assert [client.stop(ADDRESS, ID).outcome for _ in range(2)] == [Outcome.STOPPED] * 2
            assert client.read_sessions().complete
        assert server.requests[0].startswith(b"POST /apv/v27/device/connect/stop HTTP/1.1\r\n")
    assert len(proxy.connects) == 2  # two stops on one connection, and the list
    assert all(b"session-token" not in one and b"developer-key" not in one for one in proxy.connects)


def test_the_proxy_gets_its_own_credentials_and_the_api_does_not(tls: ssl.SSLContext, ca_bundle: str) -> None:
    basic = f"Basic {base64.b64encode(b'anna:p@ss').decode()}"
    with RawServer(YES, tls=tls) as server, ConnectProxy(authorization=basic) as proxy:
        url = f"http://anna:p%40ss@{proxy.address}"
        assert stop(server.url, url, ca_bundle).outcome is Outcome.STOPPED
    assert b"proxy-authorization" not in server.requests[0].lower()


def drips(sock: socket.socket) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 100:
        sock.sendall(bytes([byte]))
        time.sleep(0.02)


REFUSALS: dict[str, tuple[str | Callable[[socket.socket], None], str]] = {
    "407": (
        "407 Proxy Authentication Required",
        "refused to connect to the API: HTTP 407 Proxy Authentication Required",
    ),
    "403": ("403 secret-words", "The proxy refused to connect to the API: HTTP 403 Forbidden ("),
    "502": ("502 Bad Gateway", "The proxy refused to connect to the API: HTTP 502 Bad Gateway"),
    "503": ("503 x", "The proxy refused to connect to the API: HTTP 503 Service Unavailable"),
    "299": ("299 Odd", "The proxy refused to connect to the API: HTTP 299"),
    "closes": (lambda sock: None, "No connection to the"),
    "no HTTP": (lambda sock: sock.sendall(b"220 mail.example\r\n\r\n"), "No connection to the"),
    "silence": (lambda sock: time.sleep(1.5), "in time"),
    "drips": (drips, "Not sent within 0.6 s"),
}


@pytest.mark.parametrize(("refusal", "sentence"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("encrypted", [False, True], ids=["http proxy", "https proxy"])
def test_it_fails_when_the_proxy_does_not_connect(
    encrypted: bool,
    refusal: str | Callable[[socket.socket], None],
    sentence: str,
    tls: ssl.SSLContext,
    ca_bundle: str,
) -> None:
    status, refuse = (refusal, None) if isinstance(refusal, str) else ("", refusal)
    around = tls if encrypted else None
    with RawServer(YES, tls=tls) as server, ConnectProxy(status, refuse=refuse, tls=around) as proxy:
        result = stop(server.url, proxy.url, ca_bundle, timeout=5 if isinstance(refusal, str) else SHORT)
        assert server.connections == 0
    assert result.outcome is Outcome.FAILED, result
    assert sentence in result.reason
    assert "secret-words" not in result.reason


def test_it_fails_when_the_proxy_is_not_there(ca_bundle: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = stop("https://127.0.0.1:9/apv/v27", f"http://anna:geheim-1@127.0.0.1:{port}", ca_bundle)
    assert result.outcome is Outcome.FAILED
    assert "The proxy's host refused the connection" in result.reason
    assert "geheim-1" not in repr(result)


def test_it_fails_when_the_proxy_s_name_is_unknown(ca_bundle: str) -> None:
    result = stop("https://127.0.0.1:9/apv/v27", "http://anna:geheim-1@proxy.invalid:3128", ca_bundle)
    assert result.outcome is Outcome.FAILED
    assert "The proxy's host name could not be resolved" in result.reason
    assert "geheim-1" not in repr(result)


def test_it_fails_when_the_proxy_s_certificate_is_not_trusted(tls: ssl.SSLContext) -> None:
    with ConnectProxy(tls=tls) as proxy:
        result = stop("https://127.0.0.1:9/apv/v27", proxy.url, certifi.where())
    assert result.outcome is Outcome.FAILED
    assert "No secure connection to the proxy" in result.reason


@pytest.mark.parametrize("fault", [close_in_handshake, silence], ids=["closes", "silence"])
def test_it_fails_when_the_api_s_handshake_breaks_behind_the_proxy(fault: Reaction, ca_bundle: str) -> None:
    with RawServer(on_connect=fault) as server, ConnectProxy() as proxy:
        result = stop(server.url.replace("http:", "https:"), proxy.url, ca_bundle, timeout=SHORT)
    assert result.outcome is Outcome.FAILED


AFTER_SENDING = {
    "closes": then_close(b""),
    "resets": reset,
    "half a status line": then_close(b"HTTP/1.1 2"),
    "length too long": then_close(head_only("200 OK", "Content-Length: 99") + b'{"status":"true"}'),
    "silence": silence,
    "drips": drip(head_only("200 OK", "Content-Length: 500") + b" " * 500),
}


@pytest.mark.parametrize("fault", AFTER_SENDING.values(), ids=AFTER_SENDING)
@pytest.mark.parametrize("encrypted", [False, True], ids=["http proxy", "https proxy"])
def test_it_is_unknown_when_the_call_breaks_after_sending_through_the_proxy(
    encrypted: bool, fault: Reaction, tls: ssl.SSLContext, ca_bundle: str
) -> None:
    with RawServer(fault, tls=tls) as server, ConnectProxy(tls=tls if encrypted else None) as proxy:
        result = stop(server.url, proxy.url, ca_bundle, timeout=0.6)
        assert len(server.requests) == 1
    assert result.outcome is Outcome.UNKNOWN, result
    assert result.reason.startswith(("The request was sent", "No complete answer within"))


def test_what_is_for_this_machine_passes_by_the_proxy() -> None:
    with Sandbox(connections=2, seed=5) as sandbox, ConnectProxy() as proxy:
        token = sandbox.call(sandbox.server.accounts.new_token)
        row = sandbox.world.rows()[0]
        with Client(
            sandbox.url,
            Credentials(developer_key=sandbox.developer_key, token=token),
            concurrency=1,
            connect_timeout=5,
            read_timeout=5,
            proxy=proxy.url,
        ) as client:
            assert client.stop(row["device_address"], row["connection_id"]).outcome is Outcome.STOPPED
    assert proxy.connects == []


def test_the_panel_s_clients_take_the_setting_and_nothing_from_the_environment(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with ConnectProxy("403 Forbidden") as proxy:
        settings.REMOTEIT_API_URL = "https://127.0.0.1:9/apv/v27"
        settings.REMOTEIT_PROXY = proxy.url
        with credentials.client_with(CREDENTIALS) as client:
            assert "The proxy refused to connect to the API" in client.stop(ADDRESS, ID).reason
        settings.REMOTEIT_PROXY = ""
        with credentials.client_with(CREDENTIALS) as client:
            assert "The API's host refused the connection" in client.stop(ADDRESS, ID).reason
        assert len(proxy.connects) == 1


@pytest.mark.parametrize("url", ["http://proxy:3128", "https://proxy.example/", "http://anna:p%40ss@[::1]:3128"])
def test_a_proxy_has_a_scheme_a_host_and_perhaps_a_name(url: str) -> None:
    assert checked_proxy_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["", "proxy:3128", "socks5://anna:geheim-1@proxy", "http://", "http://anna:geheim-1@proxy:x", "http://proxy:99999",
     "http://anna:geheim-1/@proxy", "http://anna:geheim-1@@proxy", "http://anna:geheim-1 @proxy", "http://proxy/path",
     "http://anna:geheim-1?@proxy", "http://proxy#geheim-1", "http://[geheim-1"],
)  # fmt: skip
def test_another_url_is_refused_without_a_word_of_it(url: str) -> None:
    with pytest.raises(InvalidProxyURL) as refused:
        checked_proxy_url(url)
    assert "geheim" not in str(refused.value)
    assert "geheim" not in repr(refused.value.__cause__)
