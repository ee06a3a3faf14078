"""Each form of answer that the API, or something in between, may give to a stop; through a real socket."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.remoteit import Answer, Cause, Client, Credentials, Outcome
from connections.remoteit.answers import Reply, cause_of, read_login, read_probe, read_stop
from tests.support.rawserver import RawServer, Reaction, answer, drip, endless, head_only, then_close

ADDRESS = "80:00:00:00:01:00:40:C5"
ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
OTHER_ID = "B481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
DOCUMENTED_YES = {"status": "true", "connectionid": ID}


def no(reason: str) -> dict[str, str]:
    return {"status": "false", "reason": reason}


def stop_against(*reactions: bytes | Reaction) -> Answer:
    credentials = Credentials(developer_key="developer-key", token="session-token")
    with (
        RawServer(*reactions) as server,
        Client(server.url, credentials, concurrency=1, connect_timeout=5, read_timeout=5) as client,
    ):
        result = client.stop(ADDRESS, ID)
        assert len(server.requests) == 1
        return result


YES = {
    "as documented": answer("200 OK", DOCUMENTED_YES),
    "as a boolean": answer("200 OK", {"status": True, "connectionid": ID}),
    "echo under id, in lower case": answer("200 OK", {"status": "true", "id": ID.lower()}),
    "without an echo": answer("200 OK", {"status": "true"}),
    "with an empty echo": answer("200 OK", {"status": "true", "connectionid": None}),
    "with a 201": answer("201 Created", DOCUMENTED_YES),
    "called HTML": answer("200 OK", DOCUMENTED_YES, "Content-Type: text/html"),
    "after 100 Continue": head_only("100 Continue") + answer("200 OK", DOCUMENTED_YES),
    "compressed": answer("200 OK", gzip.compress(json.dumps(DOCUMENTED_YES).encode()), "Content-Encoding: gzip"),
    "without a length": then_close(head_only("200 OK") + json.dumps(DOCUMENTED_YES).encode()),
    "in chunks": head_only("200 OK", "Transfer-Encoding: chunked") + b'11\r\n{"status":"true"}\r\n0\r\n\r\n',
    "with slashes escaped": answer("200 OK", b'{"status":"true","x":"http:\\/\\/a"}'),
    "of 64 KB": answer("200 OK", b'{"status":"true"}'.ljust(64 * 1024)),
    "with a byte order mark": answer("200 OK", b'\xef\xbb\xbf{"status":"true"}'),
}


@pytest.mark.parametrize("reaction", YES.values(), ids=YES)
def test_it_is_stopped_when_the_body_says_true(reaction: bytes | Reaction) -> None:
    result = stop_against(reaction)
    assert (result.outcome, result.cause, result.reason) == (Outcome.STOPPED, Cause.NONE, "")


NO = {
    "200 with a reason": (answer("200 OK", no("Some reason  of theirs.")), "Some reason  of theirs."),
    "200 without a reason": (answer("200 OK", {"status": "false"}), ""),
    "200 as a boolean": (answer("200 OK", {"status": False, "reason": "no"}), "no"),
    "200 with an empty reason": (answer("200 OK", {"status": "false", "reason": None}), ""),
    "200 with a message": (answer("200 OK", {"status": "false", "message": "theirs"}), "theirs"),
    "200 with a structured reason": (answer("200 OK", {"status": "false", "reason": {"a": ["ü"]}}), '{"a": ["ü"]}'),
    "reason in another script": (answer("200 OK", no("接続 \\/ ü")), "接続 \\/ ü"),
    "403 [0405]": (answer("403 Forbidden", no("[0405] not shared with you.")), "[0405] not shared with you."),
    "404 JSON": (answer("404 Not Found", {"message": "no such route"}), "no such route"),
    "404 JSON with a number": (answer("404 Not Found", {"status": 404, "message": "lost"}), "lost"),
    "404 JSON without words": (answer("404 Not Found", {"error": 1}), 'HTTP 404: {"error": 1}'),
    "404 HTML": (
        answer("404 Not Found", "\n<h1>404 Page Not Found</h1>\nmore"),
        "HTTP 404: <h1>404 Page Not Found</h1>",
    ),
    "403 text": (answer("403 Forbidden", "Forbidden"), "HTTP 403: Forbidden"),
    "400 empty": (answer("400 Bad Request"), "HTTP 400, empty body"),
    "401 text": (answer("401 Unauthorized", "Unauthorized"), "HTTP 401: Unauthorized"),
    "401 array": (answer("401 Unauthorized", ["no"]), 'HTTP 401: ["no"]'),
    "413 endless": (endless(head_only("413 Too Large")), f"HTTP 413 (longer than the limit): {'x' * 200}"),
    "500 JSON": (answer("500 Internal Server Error", no("our fault")), "our fault"),
    "503 JSON": (answer("503 Unavailable", no("come later")), "come later"),
    "500 that doesn't know the id": (answer("500 Oops", no("connectionid incorrect")), "connectionid incorrect"),
}


@pytest.mark.parametrize(("reaction", "reason"), NO.values(), ids=NO)
def test_it_is_refused_with_the_reason_word_for_word(reaction: bytes | Reaction, reason: str) -> None:
    result = stop_against(reaction)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, reason)


UNCLEAR = {
    "echo of another id": (answer("200 OK", {"status": "true", "connectionid": OTHER_ID}), "names another connection"),
    "another id under id": (answer("200 OK", {"status": "true", "id": OTHER_ID}), "names another connection"),
    "a number for an id": (answer("200 OK", {"status": "true", "id": 17}), "names another connection"),
    "true with 401": (answer("401 Unauthorized", DOCUMENTED_YES), "contradicts"),
    "true with 302": (answer("302 Found", DOCUMENTED_YES), "contradicts"),
    "true with 429": (answer("429 Too Many", DOCUMENTED_YES), "contradicts"),
    "true with 500": (answer("500 Oops", DOCUMENTED_YES), "contradicts"),
    "pending": (answer("200 OK", {"status": "pending"}), '"pending"'),
    "pending with 401": (answer("401 Unauthorized", {"status": "pending"}), '"pending"'),
    "TRUE": (answer("200 OK", {"status": "TRUE"}), '"TRUE"'),
    "one": (answer("200 OK", {"status": 1}), "HTTP 200"),
    "no status": (answer("200 OK", {"connectionid": ID}), "HTTP 200"),
    "array": (answer("200 OK", [DOCUMENTED_YES]), "HTTP 200"),
    "string": (answer("200 OK", '"true"'), 'HTTP 200: "true"'),
    "deep array": (answer("200 OK", "[" * 60000), "HTTP 200"),
    "HTML": (answer("200 OK", "<html>Slim Application Error"), "HTTP 200: <html>Slim Application Error"),
    "empty": (answer("200 OK"), "HTTP 200, empty body"),
    "no content": (head_only("204 No Content"), "HTTP 204, empty body"),
    "cut off by a close": (then_close(head_only("200 OK") + b'{"status":"tr'), 'HTTP 200: {"status":"tr'),
    "headers cut off": (then_close(b"HTTP/1.1 200 OK\r\nContent-Le"), "HTTP 200, empty body"),
    "more than 64 KB": (answer("200 OK", b'{"status":"true"}'.ljust(64 * 1024 + 1)), "longer than the limit"),
    "endless": (endless(head_only("200 OK")), "longer than the limit"),
    "status twice, no then yes": (answer("200 OK", b'{"status":"false","status":"true"}'), 'the key "status" twice'),
    "status twice, yes then no": (answer("200 OK", b'{"status":"true","status":"false"}'), 'the key "status" twice'),
    "status twice with 401": (answer("401 No", b'{"status":"true","status":"false"}'), 'the key "status" twice'),
    "status twice with 429": (answer("429 Slow", b'{"status":"true","status":"false"}'), 'the key "status" twice'),
    "status spelled twice": (answer("200 OK", b'{"status":"false","st\\u0061tus":"true"}'), 'the key "status" twice'),
    "a key twice inside": (answer("200 OK", b'{"status":"true","x":[{"a":1,"a":1}]}'), 'the key "a" twice'),
    "no number": (answer("200 OK", b'{"status":"true","took":NaN}'), "No yes or no in the answer"),
    "500 HTML": (answer("500 Oops", "<h1>Slim Application Error</h1>"), "HTTP 500: <h1>Slim"),
    "502 HTML": (answer("502 Bad Gateway", "<h1>Bad Gateway</h1>"), "HTTP 502: <h1>Bad"),
    "502 empty": (answer("502 Bad Gateway"), "HTTP 502, empty body"),
    "503 array": (answer("503 Unavailable", []), "HTTP 503: []"),
    "status 700": (answer("700 What", "what"), "HTTP 700: what"),
    "103 Early Hints": (head_only("103 Early Hints") + answer("200 OK", DOCUMENTED_YES), "HTTP 103, empty body"),
}


@pytest.mark.parametrize(("reaction", "reason"), UNCLEAR.values(), ids=UNCLEAR)
def test_it_is_unknown_when_the_answer_is_no_yes_and_no_no(reaction: bytes | Reaction, reason: str) -> None:
    result = stop_against(reaction)
    assert result.outcome is Outcome.UNKNOWN
    assert reason in result.reason


WORDINGS = [
    ("connectionid incorrect or missing", Outcome.ALREADY_GONE, Cause.CONNECTION),
    ("Connection ID not found", Outcome.ALREADY_GONE, Cause.CONNECTION),
    ("unknown connection id", Outcome.ALREADY_GONE, Cause.CONNECTION),
    ("No such connection", Outcome.ALREADY_GONE, Cause.CONNECTION),
    ("The connection does not exist", Outcome.ALREADY_GONE, Cause.CONNECTION),
    ("connection already stopped", Outcome.ALREADY_GONE, Cause.CONNECTION),
    ("connectionid missing", Outcome.REFUSED, Cause.CONNECTION),
    ("deviceaddress incorrect or missing", Outcome.REFUSED, Cause.ADDRESS),
    ("bad device address", Outcome.REFUSED, Cause.ADDRESS),
    ("[0861] no service for that UID", Outcome.REFUSED, Cause.ADDRESS),
    ("developerkey failed validation", Outcome.REFUSED, Cause.CREDENTIALS),
    ("api key failed validation", Outcome.REFUSED, Cause.CREDENTIALS),
    ("The API application key is invalid", Outcome.REFUSED, Cause.CREDENTIALS),
    ("[0102] The username or password is invalid", Outcome.REFUSED, Cause.CREDENTIALS),
    ("missing api token", Outcome.REFUSED, Cause.TOKEN),
    ("api token missing", Outcome.REFUSED, Cause.TOKEN),
    ("Auth token expired", Outcome.REFUSED, Cause.TOKEN),
    ("developerkey, connectionid or deviceaddress incorrect", Outcome.REFUSED, Cause.NONE),
    ("the connection to the database was not accepted", Outcome.REFUSED, Cause.NONE),
    ("Connection closed by remote host", Outcome.REFUSED, Cause.NONE),
    ("something else", Outcome.REFUSED, Cause.NONE),
]


@pytest.mark.parametrize(("reason", "outcome", "cause"), WORDINGS)
@pytest.mark.parametrize("status", [401, 200])
def test_it_reads_what_a_refusal_is_about(status: int, reason: str, outcome: Outcome, cause: Cause) -> None:
    reply = Reply(status, json.dumps(no(reason)).encode())
    assert read_stop(reply, ID) == (outcome, cause, reason)


@pytest.mark.parametrize(
    ("reason", "outcome", "cause"),
    [
        ("api key failed validation", Outcome.REFUSED, Cause.CREDENTIALS),
        ("connectionid incorrect or missing", Outcome.ALREADY_GONE, Cause.CONNECTION),
        ("deviceaddress incorrect or missing", Outcome.REFUSED, Cause.ADDRESS),
    ],
)
def test_it_tells_the_three_documented_causes_of_a_401_apart(reason: str, outcome: Outcome, cause: Cause) -> None:
    result = stop_against(answer("401 Unauthorized", no(reason)))
    assert (result.outcome, result.cause, result.status, result.reason) == (outcome, cause, 401, reason)


def test_it_is_refused_by_a_limit_and_keeps_retry_after_as_sent() -> None:
    result = stop_against(answer("429 Too Many Requests", "slow down", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"))
    assert (result.outcome, result.cause) == (Outcome.REFUSED, Cause.LIMIT)
    assert (result.reason, result.retry_after) == ("HTTP 429: slow down", "Wed, 21 Oct 2026 07:28:00 GMT")


def test_it_is_refused_by_a_limit_without_retry_after() -> None:
    result = stop_against(answer("429 Too Many Requests", no("API calls exceeded")))
    assert (result.cause, result.reason, result.retry_after) == (Cause.LIMIT, "API calls exceeded", None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_follows_no_redirect_to_another_host(status: int) -> None:
    with RawServer(answer("200 OK", DOCUMENTED_YES)) as other:
        location = f"Location: http://user:secret@localhost:{other.port}/apv/v27/device/connect/stop?key=developer-key"
        result = stop_against(answer(f"{status} Moved", "", location))
        assert (result.outcome, result.cause, result.status) == (Outcome.REFUSED, Cause.NONE, status)
        assert result.reason == f"HTTP {status}, a redirect that was not followed, to localhost"
        assert other.connections == 0


@pytest.mark.parametrize("location", ["Location: /relative", "Location: http://[bad", "X-None: 1"])
def test_it_is_refused_by_a_redirect_to_nowhere(location: str) -> None:
    result = stop_against(answer("302 Found", "", location))
    assert result.outcome is Outcome.REFUSED
    assert result.reason.endswith("to an unnamed host")


def test_it_keeps_status_body_and_the_time_it_took() -> None:
    result = stop_against(answer("401 Unauthorized", b'{"status":"false" , "reason":"a\\/b"}'))
    assert (result.status, result.body, result.reason) == (401, '{"status":"false" , "reason":"a\\/b"}', "a/b")
    assert result.took_ms is not None


def test_it_reads_an_answer_that_drips_within_the_limit() -> None:
    assert stop_against(drip(answer("200 OK", {"status": "true"}), every=0.001)).outcome is Outcome.STOPPED


def test_it_spells_out_what_a_database_cannot_store() -> None:
    result = stop_against(answer("200 OK", b'{"status":"false","reason":"a\\u0000b\\ud800"}'))
    assert result.reason == "a\\u0000b\\ud800"


def test_it_hides_credentials_that_an_error_page_echoes() -> None:
    page = "<pre>token: session-token developerkey: developer-key"
    result = stop_against(answer("500 Oops", page))
    assert "session-token" not in repr(result)
    assert "developer-key" not in repr(result)
    assert "token: [hidden] developerkey: [hidden]" in result.reason


@given(status=st.integers(min_value=200, max_value=599), body=st.binary() | st.text().map(str.encode))
def test_no_body_without_a_yes_counts_as_stopped(status: int, body: bytes) -> None:
    outcome, _cause, reason = read_stop(Reply(status, body), ID)
    assert outcome in {Outcome.REFUSED, Outcome.UNKNOWN}
    assert reason


@given(reason=st.text())
def test_any_reason_is_kept_word_for_word(reason: str) -> None:
    body = json.dumps(no(reason)).encode()
    assert read_stop(Reply(401, body), ID)[2] == reason.replace("\0", "\\u0000")
    assert cause_of(reason) in Cause


LOGINS = {
    "yes": (200, {"status": "true", "token": "abc"}, ("abc", True, Cause.NONE, "")),
    "yes without a token": (200, {"status": "true"}, ("", None, Cause.NONE, "HTTP 200 with status")),
    "yes with 500": (500, {"status": "true", "token": "abc"}, ("", None, Cause.NONE, "HTTP 500 with status")),
    "no": (401, no("[0102] invalid"), ("", False, Cause.CREDENTIALS, "[0102] invalid")),
    "no with 200": (200, no("missing user"), ("", False, Cause.CREDENTIALS, "missing user")),
    "no without a reason": (401, {"status": "false"}, ("", False, Cause.CREDENTIALS, "HTTP 401 without a reason")),
    "two-factor": (401, no("x") | {"code": "SMS_MFA"}, ("", False, Cause.CREDENTIALS, "This account uses two-factor")),
    "two-factor app": (200, {"code": "SOFTWARE_TOKEN_MFA"}, ("", False, Cause.CREDENTIALS, "This account uses two")),
    "two-factor set-up": (200, {"code": "MFA_SETUP"}, ("", False, Cause.CREDENTIALS, "This account uses two-factor")),
    "a token of blanks": (200, {"status": "true", "token": "  "}, ("", None, Cause.NONE, "HTTP 200 with status")),
    "a token of two lines": (200, {"status": "true", "token": "a\nb"}, ("", None, Cause.NONE, "HTTP 200 with status")),
    "limit": (429, no("slow"), ("", None, Cause.LIMIT, "slow")),
    "trouble": (503, no("trouble"), ("", None, Cause.NONE, "trouble")),
    "redirect": (302, [], ("", None, Cause.NONE, "HTTP 302, a redirect")),
    "403 text": (403, "Forbidden", ("", False, Cause.CREDENTIALS, 'HTTP 403: "Forbidden"')),
    "404": (404, "lost", ("", None, Cause.NONE, 'HTTP 404: "lost"')),
    "200 HTML": (200, "<html>", ("", None, Cause.NONE, 'HTTP 200: "<html>"')),
}


@pytest.mark.parametrize(("status", "body", "expected"), LOGINS.values(), ids=LOGINS)
def test_it_reads_the_answer_to_a_sign_in(
    status: int, body: object, expected: tuple[str, bool | None, Cause, str]
) -> None:
    token, accepted, cause, reason = read_login(Reply(status, json.dumps(body).encode()))
    assert (token, accepted, cause) == expected[:3]
    assert reason.startswith(expected[3])


@pytest.mark.parametrize("status", [200, 401, 429])
def test_a_sign_in_answered_both_ways_stays_open(status: int) -> None:
    reply = Reply(status, b'{"status":"false","status":"true","token":"abc"}')
    assert read_login(reply)[:2] == ("", None)
    assert read_probe(reply)[0] is None
