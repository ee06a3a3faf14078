"""A list of sessions, read as it comes: each is taken in and let go, so that memory holds only what is kept of it."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import requests

from connections.remoteit.wire.replies import given_twice, storable
from connections.remoteit.wire.strict_json import DECODER, Ambiguous
from connections.remoteit.wire.transport import Body

#: Ten times the largest list that anybody has told of. A session that was measured has 254 bytes.
MOST_SESSIONS = 100_000
LONGEST_LIST = 400 * MOST_SESSIONS
LONGEST_SESSION = 64 * 1024
#: What an answer may hold beside its sessions: its organisations, its errors.
LONGEST_REST = 1024 * 1024
DEEPEST = 8
BLANKS = re.compile(r"[ \t\n\r]*")
BEGINS_A_VALUE = '{["-0123456789tfn'
# Fewer bytes are not worth another try at a value that was cut off.
LEAST_READ = 64 * 1024


class TooLong(ValueError):
    """The answer holds more than is read of one; the message says what."""


def read_stream(response: requests.Response, take: Callable[[Any], Any]) -> Body:
    """Read an answer with lists of sessions, each row as what ``take`` makes of it.

    An encoding is refused unread: none was asked for, and half a megabyte of gzip can hold a gigabyte.
    """
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() != "identity":
        said = storable(encoding)[:40]
        return Body(b"", False, {}, f"It came in an encoding that was not asked for ({said})")
    stream = SessionStream(response.iter_content(LEAST_READ), take)
    try:
        value = stream.read()
    except TooLong as error:
        return Body(stream.beginning, False, {}, f"{error}, and was read no further")
    except Ambiguous as error:
        return Body(stream.beginning, False, {}, f"It {given_twice(error)}")
    except (ValueError, RecursionError):
        return Body(stream.beginning, True, {})
    return Body(stream.beginning, True, value if isinstance(value, dict) else {})


class SessionStream:
    """Reads one JSON answer; every array under the key "sessions" comes out as what ``take`` makes of its rows.

    ``chunks`` are its bytes, UTF-8. ``beginning`` keeps the first of them, for an answer that turns out to be no JSON.
    """

    def __init__(self, chunks: Iterator[bytes], take: Callable[[Any], Any]) -> None:
        self.beginning = b""
        self._chunks = chunks
        self._take = take
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at = "", 0
        self._passed = self._bytes = self._sessions_read = self._rest = 0
        self._ended = False

    def read(self) -> Any:
        """Return the answer's value. Raises TooLong, Ambiguous, else ValueError or RecursionError for what is no JSON.

        Whatever ``chunks`` raises comes through: an answer counts only when it came to its end.
        """
        value = self._value("", 0)
        if self._next():
            raise ValueError("more follows after the end")
        return value

    def _value(self, key: str, depth: int) -> Any:
        mark = self._next()
        if mark == "[" and key == "sessions":
            return list(self._sessions())
        if mark == "{" and depth < DEEPEST:
            return self._object(depth)
        return self._in_rest()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._at += 1
        if self._next() == "}":
            self._at += 1
            return found
        while True:
            key = self._in_rest()
            if not isinstance(key, str):
                raise ValueError("a key is no text")
            if key in found:
                raise Ambiguous(key)
            self._pass(":")
            found[key] = self._value(key, depth + 1)
            if self._pass(",}") == "}":
                return found
            self._next()

    def _sessions(self) -> Iterator[Any]:
        self._at += 1
        if self._next() == "]":
            self._at += 1
            return
        while True:
            self._sessions_read += 1
            if self._sessions_read > MOST_SESSIONS:
                raise TooLong(f"It holds more than {MOST_SESSIONS:,} sessions")
            self._next()
            yield self._take(self._whole(LONGEST_SESSION))
            if self._pass(",]") == "]":
                return

    def _in_rest(self) -> Any:
        """One whole value that is no session. Together they may hold LONGEST_REST characters."""
        before = self._passed + self._at
        value = self._whole(LONGEST_REST)
        self._rest += self._passed + self._at - before
        if self._rest > LONGEST_REST:
            raise TooLong("Beside its sessions it holds more than any answer should")
        return value

    def _whole(self, longest: int) -> Any:
        """The value that begins here, once all of it is there."""
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if self._text[self._at : self._at + 1] not in BEGINS_A_VALUE:
                    raise
                if len(self._text) - self._at > longest:
                    raise TooLong(f"A part of it can't be read within {longest // 1024:,} KB") from None
                if not self._more():
                    raise
            else:
                # A number may go on in what has not come yet: 1e+ is one as far as the 1.
                if end + 2 < len(self._text) or not self._more():
                    self._at = end
                    return value

    def _pass(self, marks: str) -> str:
        mark = self._next()
        if not mark or mark not in marks:
            raise ValueError(f"none of {marks} follows")
        self._at += 1
        return mark

    def _next(self) -> str:
        """Go to the next character that is no blank, and return it; "" at the end."""
        while True:
            self._at = BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches anywhere
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read on; False at the end. What lies before the place that was reached is let go."""
        if self._ended:
            return False
        data = bytearray()
        while len(data) < LEAST_READ and not self._ended:
            chunk = next(self._chunks, None)
            self._ended = chunk is None
            data += chunk or b""
        self._bytes += len(data)
        if self._bytes > LONGEST_LIST:
            raise TooLong(f"It is longer than {LONGEST_LIST // 10**6} MB")
        self.beginning = self.beginning or bytes(data)
        self._text = self._text[self._at :] + self._decoder.decode(bytes(data), final=self._ended)
        self._passed, self._at = self._passed + self._at, 0
        return True
