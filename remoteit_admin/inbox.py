"""What has come of a request that is still under way, and what is refused before any thread sees it."""

from __future__ import annotations

import re
import tempfile
import time
from http import HTTPStatus

from django.utils.translation import gettext as _
from gunicorn.http.unreader import Unreader

HEAD_S, BODY_S = 10.0, 60.0
"""Seconds from the first byte, or the opening of the connection, to the end of the head and to that of the body."""
MAX_HEAD, MAX_BODY = 64 * 2**10, 32 * 2**20
SMALL_BODY = 64 * 2**10
"""Bytes that anybody may send: more than a sign-in needs. Who sends more has to be signed in."""
LONGEST_LENGTH = 15
"""Digits of a Content-Length."""
IN_MEMORY = 256 * 2**10
"""Bytes of one request that stay in memory; the rest goes to a temporary file."""

END = b"\r\n\r\n"
LENGTHS = re.compile(rb"\r\ncontent-length[ \t]*:([^\r\n]*)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
CONTINUES = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Refused(Exception):
    """The status with which a request is refused that no thread will see, and a sentence for who sent it."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(status, words)
        self.status, self.words = status, words

    def answer(self) -> bytes:
        """The whole of it, as it is sent."""
        words = f"{self.words}\n".encode()
        head = (
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\nConnection: close\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(words)}\r\n\r\n"
        )
        return head.encode() + words


class Inbox(Unreader):  # type: ignore[misc]
    """What a client has sent of a request; gunicorn's parser reads from it as from a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.rest = b""
        self.begin()

    def begin(self) -> None:
        """Wait for the next request, which may have begun behind the last one. Raises Refused."""
        self.started_at = time.monotonic()
        self.head, self.expected, self.received = b"", 0, 0
        self.needs_session = False
        """Whether its body is larger than a stranger's may be, and `allow` was not called yet."""
        self.kept = tempfile.SpooledTemporaryFile(IN_MEMORY)
        rest, self.rest = self.rest, b""
        self.take(rest)

    @property
    def deadline(self) -> float:
        return self.started_at + (BODY_S if self.expected else HEAD_S)

    @property
    def is_whole(self) -> bool:
        return bool(self.expected) and self.received >= self.expected

    def take(self, data: bytes) -> bytes:
        """Keep what has come; returns what has to be sent at once. Raises Refused."""
        answer = b""
        if not self.expected:
            self.head += data
            if END in self.head:
                answer = self._read_head()
            elif len(self.head) > MAX_HEAD:
                self.expected = len(self.head)  # the parser says what is wrong with it
            data = self.head if self.expected else b""
        room = max(self.expected - self.received, 0)
        self.kept.write(data[:room])
        self.received += len(data[:room])
        if self.expected:
            self.rest += data[room:]
        return answer

    def _read_head(self) -> bytes:
        head, _end, _more = self.head.partition(END)
        head += b"\r\n"
        if CHUNKED.search(head):
            raise Refused(411, _("A request has to say how long it is (Content-Length)."))
        length = _length(LENGTHS.findall(head))
        if length > MAX_BODY:
            raise Refused(413, _("A request may hold %d MB at most.") % (MAX_BODY // 2**20))
        self.expected = len(head) + 2 + length
        self.needs_session = length > SMALL_BODY
        self.go_on = CONTINUE if length and CONTINUES.search(head) else b""
        return b"" if self.needs_session else self.go_on

    def allow(self) -> bytes:
        """The rest of a large body may come; returns what has to be sent at once."""
        self.needs_session = False
        return self.go_on

    def rewind(self) -> None:
        """From now on it is read, from its beginning."""
        self.kept.seek(0)

    def chunk(self, size_hint: int | None = None) -> bytes:
        return self.kept.read(size_hint or 8192)

    def end(self) -> None:
        self.kept.close()


def _length(values: list[bytes]) -> int:
    """The length of the body by all headers that tell it. Raises Refused.

    What is not read here as the parser reads it, or a proxy in front, becomes the next request of somebody else.
    """
    if not values:
        return 0
    [value, *others] = (one.strip(b" \t") for one in values)
    if others or not (value.isdigit() and len(value) <= LONGEST_LENGTH):
        raise Refused(400, _("The length of the request (Content-Length) can't be read."))
    return int(value)
