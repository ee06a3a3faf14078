"""Requests signed with an access key, against the vectors of the vendor's documented scheme."""

from __future__ import annotations

import base64

import pytest
import requests

from connections.remoteit import Client, Credentials, InvalidAccessKey, Outcome
from connections.remoteit.wire.signing import AccessKeyAuth
from tests.support.rawserver import RawServer, answer, endless, head_only

KEY_BYTES = bytes(range(1, 33))
SECRET = base64.b64encode(KEY_BYTES).decode()
DATE = "Tue, 20 Jul 2021 12:00:00 GMT"
ADDRESS = "80:00:00:00:01:00:40:C5"
ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
BODY = f'{{"deviceaddress":"{ADDRESS}","connectionid":"{ID}"}}'.encode()
STOP = "https://api.remote.it/apv/v27/device/connect/stop"
YES = answer("200 OK", {"status": "true"})
KEY = Credentials(developer_key="developer-key", access_key_id="KEYID", secret_access_key=SECRET)


def signed(method: str = "POST", url: str = STOP, body: bytes | None = BODY, secret: str = SECRET) -> requests.Request:
    headers = {"Date": DATE, "Content-Type": "application/json"}
    return requests.Request(method, url, headers, data=body, auth=AccessKeyAuth("KEYID", secret)).prepare()


def signature(**changes: object) -> str:
    return signed(**changes).headers["Authorization"].rpartition('signature="')[2].rstrip('"')


def client_of(server: RawServer, credentials: Credentials = KEY) -> Client:
    return Client(
        server.url,
        credentials,
        concurrency=1,
        connect_timeout=5,
        read_timeout=5,
        graphql_url=server.url.replace("/apv/v27", "/graphql/v1"),
    )


def test_it_signs_the_documented_list_of_headers() -> None:
    assert signed().headers["Authorization"] == (
        'Signature keyId="KEYID",algorithm="hmac-sha256",'
        'headers="(request-target) host date content-type content-length",'
        'signature="U52V34VuzKUhlIMAuOwLmro2jmmcdBW4nbvyGWXWtro="'
    )


@pytest.mark.parametrize("secret", [SECRET.rstrip("="), f" {SECRET}\n"])
def test_padding_and_blanks_of_the_secret_make_no_difference(secret: str) -> None:
    assert signature(secret=secret) == signature()


def test_a_base64url_secret_is_the_same_key() -> None:
    key = bytes([251, 255, 190] * 8)
    assert signature(secret=base64.urlsafe_b64encode(key).decode()) == signature(secret=base64.b64encode(key).decode())


def test_a_get_is_signed_and_sent_with_a_length_of_0() -> None:
    request = signed("GET", "https://api.remote.it/apv/v27/device/list/all?cache=false", None)
    assert request.headers["Content-Length"] == "0"
    assert request.headers["Authorization"].endswith('signature="0+ES09UzUFfbhwB8NUU8KQ84QlwYxLDU7ZQCpRJC1N8="')


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.remote.it:443/x", "api.remote.it"),
        ("https://api.remote.it:8443/x", "api.remote.it:8443"),
        ("http://[::1]:9527/x", "[::1]:9527"),
    ],
)
def test_the_host_that_is_signed_is_the_one_that_is_sent(url: str, host: str) -> None:
    assert signed(url=url).headers["Host"] == host


@pytest.mark.parametrize(
    ("key_id", "secret", "words"),
    [
        ("KEYID", "", "R3_SECRET_ACCESS_KEY is missing"),
        ("", SECRET, "R3_ACCESS_KEY_ID is missing"),
        ("KEYID", "not*base64*at*all", "not base64"),
        ("KEYID", "äöü-secret", "not base64"),
        ("KEYID", "abcde", "not base64"),
        ('KEY"ID', SECRET, "characters that no access key id has"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_without_repeating_it(key_id: str, secret: str, words: str) -> None:
    with pytest.raises(InvalidAccessKey, match=words) as caught:
        AccessKeyAuth(key_id, secret)
    assert not secret or secret not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_text_body_is_never_signed() -> None:
    with pytest.raises(TypeError):
        AccessKeyAuth("KEYID", SECRET)(requests.Request("POST", STOP, data="text").prepare())


def test_the_key_stays_out_of_the_repr() -> None:
    assert repr(AccessKeyAuth("KEYID", SECRET)) == "AccessKeyAuth(hidden)"


def test_a_client_with_half_a_key_is_refused_even_beside_a_token() -> None:
    with pytest.raises(InvalidAccessKey):
        Client(
            "https://api.remote.it/apv/v27",
            Credentials(token="t", access_key_id="KEYID"),
            concurrency=1,
            connect_timeout=1,
            read_timeout=1,
        )


def test_an_access_key_wins_over_a_token_and_a_password() -> None:
    every = Credentials("developer-key", "anna", "password-1", "token-1", "KEYID", SECRET)
    with RawServer(YES) as server, client_of(server, every) as client:
        assert not client.needs_login
        assert client.stop(ADDRESS, ID).outcome is Outcome.STOPPED
    [request] = server.requests
    assert b"Authorization: Signature keyId=" in request
    assert b"developerkey: developer-key\r\n" in request
    assert b"token" not in request


def test_every_request_is_signed() -> None:
    with RawServer(YES) as server, client_of(server) as client:
        client.stop(ADDRESS, ID)
        client.open_connection(ADDRESS, "0.0.0.0")
        client.probe()
    assert [request.count(b"signature=") for request in server.requests] == [1, 1, 1]


def test_graphql_is_signed_and_gets_no_developer_key() -> None:
    with RawServer(answer("200 OK", {"data": {"disconnect": True}})) as server, client_of(server) as client:
        client.disconnect(ADDRESS, ID)
    [request] = server.requests
    assert request.startswith(b"POST /graphql/v1 ")
    assert b"Authorization: Signature keyId=" in request
    assert b"developerkey" not in request


def test_a_refused_signature_is_never_answered_with_a_sign_in() -> None:
    no = answer("401 Unauthorized", {"status": "false", "reason": "Auth token expired"})
    with RawServer(no) as server, client_of(server) as client:
        client.stop(ADDRESS, ID)
        assert not client.needs_login
        client.stop(ADDRESS, ID)
    assert len(server.requests) == 2


def test_a_signed_request_follows_no_redirect() -> None:
    reactions = (answer("307 Temporary Redirect", b"", "Location: /apv/v27/elsewhere"), endless(head_only("200 OK")))
    with RawServer(*reactions) as server, client_of(server) as client:
        assert client.stop(ADDRESS, ID).outcome is Outcome.REFUSED
    assert len(server.requests) == 1


def test_an_echoed_signature_and_secret_are_hidden() -> None:
    def echo(sock, server):  # type: ignore[no-untyped-def]
        sock.sendall(answer("400 Bad Request", server.requests[-1] + SECRET.encode()))

    with RawServer(echo) as server, client_of(server) as client:
        body = client.stop(ADDRESS, ID).body
    assert 'signature="[hidden]"' in body
    assert SECRET not in body
