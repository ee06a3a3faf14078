"""A list read as a stream: the same as read whole, in bounded memory, whatever comes."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections.remoteit import Client, Credentials, SessionList, session_stream
from connections.remoteit.session_stream import SessionStream, TooLong
from connections.remoteit.wire.strict_json import loads
from tests.support.rawserver import RawServer, Reaction, answer, endless, head_only

SESSION = {
    "id": "123ddfff-6432-49d0-6432-205d49d08454",
    "timestamp": "2026-01-02T03:04:05.678Z",
    "state": "connected",
    "target": {"id": "80:00:00:00:01:00:40:C5"},
    "endpoint": {"proxy": True},
}
LIST = {"data": {"login": {"id": "a", "sessions": [SESSION] * 3, "membership": [{"n": -1.5e3}]}}, "errors": []}
MEMORY = 8 * 1024 * 1024


def stream_of(body: bytes, size: int = 64 * 1024) -> SessionStream:
    return SessionStream((body[at : at + size] for at in range(0, len(body), size)), lambda row: row)


@pytest.fixture
def short_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_stream, "LEAST_READ", 1)


@pytest.mark.usefixtures("short_reads")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("indent", [None, 1])
def test_it_reads_the_same_wherever_the_pieces_end(size: int, indent: int | None) -> None:
    text = json.dumps(LIST, ensure_ascii=False, indent=indent)
    assert stream_of(b"\xef\xbb\xbf" + text.encode(), size).read() == LIST


@pytest.mark.usefixtures("short_reads")
def test_letters_and_numbers_are_read_to_their_end() -> None:
    for value in ('ü€😀\\"', 1234, -0.5, True, None, [], {}):
        assert stream_of(json.dumps(value, ensure_ascii=False).encode(), 1).read() == value


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["sessions", "data"]) | st.text(), inner),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(value=VALUES)
def test_it_reads_any_json_as_it_is(value: Any) -> None:
    body = json.dumps(value).encode()
    assert stream_of(body).read() == value == loads(body)


@given(body=st.binary() | st.text(alphabet='{}[]":,1 sesion\\').map(str.encode))
def test_what_is_no_json_for_others_is_none_here(body: bytes) -> None:
    expected, read = outcome(lambda: loads(body)), outcome(stream_of(body).read)
    # `json` reads UTF-16 and lone surrogates too, which no answer of the API is made of.
    assert read == expected or read is ValueError


def outcome(read: Any) -> Any:
    try:
        return read()
    except (ValueError, RecursionError):
        return ValueError


NO_JSON = [
    b"",
    b"<html>",
    b"{} {}",
    b'{"a":1,}',
    b'{"sessions":[1,]}',
    b'{"sessions":[',
    b'{"sessions":[1 2]}',
    b"{1:2}",
    b'{"a" 1}',
    b"[" * 999,
    b'{"a":"\xff"}',
]


@pytest.mark.parametrize("body", NO_JSON)
def test_what_is_cut_off_or_no_json_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        stream_of(body).read()


def many(count: int) -> bytes:
    return b'{"sessions":[' + b",".join([b"{}"] * count) + b"]}"


def test_so_many_sessions_are_read_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_stream, "MOST_SESSIONS", 10)
    assert len(stream_of(many(10)).read()["sessions"]) == 10
    with pytest.raises(TooLong, match="more than 10 sessions"):
        stream_of(many(11)).read()


def test_so_many_bytes_are_read_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_stream, "LONGEST_LIST", 1_000_000)
    with pytest.raises(TooLong, match="longer than 1 MB"):
        stream_of(many(10) + b" " * 1_000_000).read()


@pytest.mark.parametrize(
    "body",
    [
        b'{"sessions":[{"name":"' + b"x" * 300_000 + b'"}]}',
        b'{"errors":"' + b"x" * 2_000_000 + b'"}',
        b"{" + b",".join(b'"%d":0' % number for number in range(200_000)) + b"}",
    ],
    ids=["a session", "a message", "keys"],
)
def test_no_part_may_be_longer_than_one_should_be(body: bytes) -> None:
    with pytest.raises(TooLong):
        stream_of(body).read()


def listed(reaction: bytes | Reaction) -> SessionList:
    with RawServer(reaction) as server:
        url = server.url.replace("apv/v27", "graphql/v1")
        credentials = Credentials(token="session-token")
        with Client(server.url, credentials, concurrency=1, connect_timeout=9, read_timeout=9, graphql_url=url) as one:
            one.read_sessions()  # what is imported and kept for good is not measured
            tracemalloc.start()
            try:
                return one.read_sessions()
            finally:
                assert tracemalloc.get_traced_memory()[1] < MEMORY
                tracemalloc.stop()


BOMB = gzip.compress(b'{"data":{"login":{"id":"a","sessions":[],"x":"' + b"x" * 64 * 1024 * 1024)


@pytest.mark.parametrize(
    ("reaction", "words"),
    [
        (answer("200 OK", BOMB, "Content-Encoding: gzip"), "an encoding that was not asked for (gzip)"),
        (answer("200 OK", BOMB, "Content-Encoding: GZIP, br"), "an encoding that was not asked for (GZIP, br)"),
        (endless(head_only("200 OK") + b'{"data":"'), "can't be read within 1,024 KB, and was read no further"),
        (endless(head_only("200 OK") + b'{"data":{"sessions":["'), "can't be read within 64 KB"),
        (endless(head_only("200 OK")), "HTTP 200: xxx"),
    ],
)
def test_an_answer_that_would_fill_the_memory_makes_the_list_incomplete(reaction: bytes | Reaction, words: str) -> None:
    one = listed(reaction)
    assert (one.complete, one.sessions, one.accounts) == (False, (), ())
    assert words in one.why_incomplete


def test_a_list_that_says_it_is_not_encoded_is_read() -> None:
    body = {"data": {"login": {"id": "a", "sessions": [SESSION], "membership": []}}}
    assert listed(answer("200 OK", body, "Content-Encoding: identity")).complete


@pytest.mark.slow
def test_reading_ten_thousand_sessions_holds_little_more_than_what_is_kept() -> None:
    sessions = [{**SESSION, "id": f"session-{number}"} for number in range(10_000)]
    body = {"data": {"login": {"id": "a", "sessions": sessions, "membership": []}}}
    assert len(listed(answer("200 OK", body)).sessions) == 10_000
