"""Lines to a syslog receiver over TLS: RFC 5424 in the frames of RFC 5425, which count their bytes.

Syslog has no receipt. What the receiver's machine has taken, by TCP's own acknowledgement, counts as delivered; what
breaks off before that is sent again, so that a line may come twice and none is left out: its number tells.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import ssl
import termios
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from connections.notices.siem.line import Line

CONNECT_S = 10.0
TAKEN_WITHIN_S = 30.0
LOOK_EVERY_S = 0.01
LOG_AUDIT = 13
"""The facility, by RFC 5424, table 1."""
SEVERITIES = {1: 6, 2: 5, 3: 4, 4: 2}
"""From ours to informational, notice, warning, critical of table 2."""
LARGEST_ID = 2**31 - 1


class Broken(Exception):
    """The connection can't be made, or broke. The message is fit for a person."""


class Receiver:
    """A connection to `host` and `port`, while it is entered. `context` says whom to believe."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        self._host, self._port, self._context = host, port, context

    def __enter__(self) -> Self:
        try:
            plain = socket.create_connection((self._host, self._port), timeout=CONNECT_S)
        except OSError as error:
            raise Broken(f"{self._host}:{self._port}: {error}") from None
        try:
            self._socket = self._context.wrap_socket(plain, server_hostname=self._host)
        except OSError as error:
            plain.close()
            raise Broken(f"{self._host}:{self._port}: {error}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, messages: list[bytes]) -> None:
        """Send each in its frame, and return when the receiver's machine has them all. Raises Broken."""
        until = time.monotonic() + TAKEN_WITHIN_S
        try:
            self._refuse_closed()
            self._socket.settimeout(TAKEN_WITHIN_S)
            self._socket.sendall(b"".join(b"%d %s" % (len(one), one) for one in messages))
            while self._waiting():
                if time.monotonic() > until:
                    raise Broken(f"{self._host}:{self._port}: it takes nothing")
                time.sleep(LOOK_EVERY_S)
            self._refuse_closed()
        except OSError as error:
            raise Broken(f"{self._host}:{self._port}: {error}") from None

    def _waiting(self) -> int:
        """How many bytes the other machine has not acknowledged yet."""
        count = array.array("i", [0])
        fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, count)
        return count[0]

    def _refuse_closed(self) -> None:
        """Raises OSError when the receiver has closed or reset: what was sent since then may be nowhere."""
        if code := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code))
        self._socket.settimeout(0)
        try:
            while self._socket.recv(4096):
                pass
            raise ConnectionResetError("closed by the receiver")
        except (ssl.SSLWantReadError, BlockingIOError):
            return


def message(line: Line, text: str, host: str) -> bytes:
    """`text`, what a format writes of `line`, as one message of RFC 5424 from `host`."""
    priority = LOG_AUDIT * 8 + SEVERITIES[line.severity]
    seq = int(line.fields["seq"])
    data = f'[meta sequenceId="{(seq - 1) % LARGEST_ID + 1}"]'
    head = f"<{priority}>1 {line.fields['at']} {host} remoteit-admin - {line.action[:32]} {data}"
    return f"{head} {text.rstrip()}".encode()
