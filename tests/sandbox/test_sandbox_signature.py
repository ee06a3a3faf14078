"""The sandbox checks signatures, over whatever headers they name."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
import requests

from connections.remoteit.wire.signing import AccessKeyAuth
from connections.sandbox import Sandbox
from connections.sandbox.wire.http import Request
from connections.sandbox.wire.signature import BadSignatureError, check

SECRET = base64.b64encode(bytes(range(1, 33))).decode()
THEN = 1626782400  # Tue, 20 Jul 2021 12:00:00 GMT
BODY = b'{"deviceaddress":"80:00:00:00:01:00:40:C5","connectionid":"A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"}'
QUERY = {"query": "{ login { email } }"}


def request(*lines: str, target: str = "POST /apv/v27/device/connect/stop", body: bytes = BODY) -> Request:
    standard = ("Host: api.remote.it", "Date: Tue, 20 Jul 2021 12:00:00 GMT", "Content-Type: application/json")
    head = "\r\n".join([f"{target} HTTP/1.1", *standard, f"Content-Length: {len(body)}", *lines])
    made = Request(head.encode(), "127.0.0.1")
    made.body = body
    return made


def signature(headers: str, digest: str) -> str:
    given = f'keyId="KEYID",algorithm="hmac-sha256",headers="{headers}",signature="{digest}"'
    return f"Authorization: Signature {given}"


DOCUMENTED = signature(
    "(request-target) host date content-type content-length", "U52V34VuzKUhlIMAuOwLmro2jmmcdBW4nbvyGWXWtro="
)
DIGEST = "Digest: SHA-256=F8f/qJZ3e9Dk7l9t9H7KjT+DHz0fovZZ25fv58p12sI="


def judge(made: Request, now: float = THEN, skew_s: int = 300) -> None:
    check(made, "KEYID", SECRET, now, skew_s)


@pytest.mark.parametrize(
    "lines",
    [
        (DOCUMENTED,),
        (signature("date digest", "RCXN9ekru/b8YQBXv2rqbl8vUb3Jf//cLw61LWa6/Bk="), DIGEST),
        (
            signature(
                "(request-target) host date content-type content-length digest",
                "HhkCDrAeQD5krVuGS6xYGpwQu64HskPRenz2gw90VhQ=",
            ),
            DIGEST,
        ),
    ],
)
def test_the_known_vectors_are_right(lines: tuple[str, ...]) -> None:
    judge(request(*lines))


def test_a_trailing_created_is_read() -> None:
    created = DOCUMENTED + f',created="{THEN}"'
    judge(request(created))
    with pytest.raises(BadSignatureError, match="too far off"):
        judge(request(DOCUMENTED + f',created="{THEN - 301}"'))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((DOCUMENTED.replace("U52V", "AAAA"),), "does not match"),
        ((DOCUMENTED.replace("KEYID", "OTHER"),), "not known"),
        ((DOCUMENTED.replace("hmac-sha256", "rsa-sha256"),), "not hmac-sha256"),
        ((DOCUMENTED.replace("content-type", "x-absent"),), "x-absent is signed and not there"),
        ((signature("date", "not base64!"),), "cannot be read"),
        ((DOCUMENTED, "Digest: SHA-256=AAAA"), "digest does not fit"),
    ],
)
def test_a_wrong_signature_is_told(lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(BadSignatureError, match=words):
        judge(request(*lines))


@pytest.mark.parametrize("off", [-301, 301])
def test_a_date_too_far_off_is_refused(off: int) -> None:
    with pytest.raises(BadSignatureError, match="date is too far off"):
        judge(request(DOCUMENTED), now=THEN + off)
    judge(request(DOCUMENTED), now=THEN + off, skew_s=0)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(connections=5, seed=5) as running:
        yield running


def key(sandbox: Sandbox, **changes: str) -> AccessKeyAuth:
    given = {**sandbox.access_key, **changes}
    return AccessKeyAuth(given["R3_ACCESS_KEY_ID"], given["R3_SECRET_ACCESS_KEY"])


def rest(sandbox: Sandbox, auth: Any, **headers: str) -> requests.Response:
    every = {"developerkey": sandbox.developer_key, "Content-Type": "application/json", **headers}
    return requests.get(f"{sandbox.url}/device/list/all?cache=false", headers=every, auth=auth, timeout=5)


def graphql(sandbox: Sandbox, auth: Any) -> requests.Response:
    return requests.post(sandbox.graphql_url, json=QUERY, auth=auth, timeout=5)


def test_rest_takes_a_signed_request_with_the_developer_key(sandbox: Sandbox) -> None:
    assert rest(sandbox, key(sandbox)).json()["status"] == "true"


def test_rest_wants_the_developer_key_beside_a_signature(sandbox: Sandbox) -> None:
    answer = rest(sandbox, key(sandbox), developerkey="other")
    assert (answer.status_code, answer.json()["reason"]) == (401, "api key failed validation")


def test_a_get_signed_without_sending_its_length_is_right(sandbox: Sandbox) -> None:
    def without_length(made: requests.PreparedRequest) -> requests.PreparedRequest:
        signed = key(sandbox)(made)
        del signed.headers["Content-Length"]
        return signed

    assert rest(sandbox, without_length).json()["status"] == "true"


def test_rest_refuses_another_secret(sandbox: Sandbox) -> None:
    answer = rest(sandbox, key(sandbox, R3_SECRET_ACCESS_KEY=SECRET))
    assert (answer.status_code, answer.json()["reason"]) == (401, "signature does not match")


def test_graphql_takes_a_signed_request_without_a_developer_key(sandbox: Sandbox) -> None:
    assert graphql(sandbox, key(sandbox)).json() == {"data": {"login": {"email": sandbox.username}}}


def test_graphql_refuses_another_secret(sandbox: Sandbox) -> None:
    answer = graphql(sandbox, key(sandbox, R3_SECRET_ACCESS_KEY=SECRET))
    assert (answer.status_code, answer.text) == (403, "Unauthorized")


def test_an_old_date_is_refused_until_the_switch_allows_it(sandbox: Sandbox) -> None:
    old = {"Date": formatdate(time.time() - 3600, usegmt=True)}
    assert rest(sandbox, key(sandbox), **old).json()["reason"] == "date is too far off"
    sandbox.set(skew_s=0)
    assert rest(sandbox, key(sandbox), **old).json()["status"] == "true"


def test_advancing_the_sandboxs_clock_leaves_signatures_right(sandbox: Sandbox) -> None:
    sandbox.advance(28800)
    assert rest(sandbox, key(sandbox)).json()["status"] == "true"
