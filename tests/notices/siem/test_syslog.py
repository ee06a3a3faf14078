"""The history to a syslog receiver over TLS: every line in its order, whatever breaks."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from django.core.management import CommandError, call_command
from django.db import transaction

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import AuditEvent

pytestmark = pytest.mark.django_db
FRAME = re.compile(rb"(\d+) ")


class Collector:
    """A receiver of RFC 5425 at a port of this machine. `closes_after`: bytes, after which it closes once."""

    def __init__(self, ca: trustme.CA) -> None:
        self.received = b""
        self.closes_after = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("localhost").configure_cert(self._context)
        threading.Thread(target=self._serve, daemon=True).start()

    def messages(self) -> list[str]:
        rest, found = self.received, []
        while rest:
            head = FRAME.match(rest)
            assert head, rest[:80]
            end = head.end() + int(head[1])
            found.append(rest[head.end() : end].decode())
            rest = rest[end:]
        return found

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                plain = self._listener.accept()[0]
            except OSError:
                return
            try:
                with self._context.wrap_socket(plain, server_side=True) as one:
                    while part := one.recv(65536):
                        if self.closes_after:
                            self.closes_after = 0
                            break  # and what was read is lost, as by one that crashes
                        self.received += part
            except OSError:
                continue


@pytest.fixture
def ca(tmp_path: Path) -> trustme.CA:
    found = trustme.CA()
    found.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return found


@pytest.fixture
def collector(ca: trustme.CA) -> Iterator[Collector]:
    found = Collector(ca)
    yield found
    found.close()


def forward(collector: Collector, folder: Path, **options: object) -> None:
    to = f"localhost:{collector.port}"
    given = {"to": to, "position": str(folder / "position"), "ca": str(folder / "ca.pem"), "once": True, **options}
    call_command("forward_audit", **given)


def tell(count: int) -> None:
    with transaction.atomic():
        append(Entry("user.signed_in", Origin("web"), facts={"device": f"{number}"}) for number in range(count))


def numbers(collector: Collector) -> list[int]:
    """Of the lines that it has, when it has read what its machine has taken."""
    last = f'[meta sequenceId="{AuditEvent.objects.count()}"]'.encode()
    until(lambda: last in collector.received)
    return [int(re.findall(r'\[meta sequenceId="(\d+)"\]', one)[0]) for one in collector.messages()]


def until(holds: Callable[[], bool]) -> None:
    for _try in range(500):
        if holds():
            time.sleep(0.05)  # the rest of that line
            return
        time.sleep(0.01)


def test_every_line_arrives_once_in_its_order_and_the_next_time_only_what_is_new(
    collector: Collector, tmp_path: Path
) -> None:
    tell(450)
    forward(collector, tmp_path)
    last = AuditEvent.objects.count()
    assert numbers(collector) == list(range(1, last + 1))
    assert (tmp_path / "position").read_text() == f"{last}\n"
    assert collector.messages()[0].startswith("<110>1 ")
    tell(1)
    forward(collector, tmp_path)
    assert numbers(collector) == list(range(1, AuditEvent.objects.count() + 1))


@pytest.mark.slow  # the protocol has no answer: a receiver that closes late enough is noticed with the next lines only
def test_a_receiver_that_closes_is_told_and_no_line_is_left_out(
    collector: Collector, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(500)
    collector.closes_after = 1
    with pytest.raises(SystemExit):
        forward(collector, tmp_path)
    assert "localhost" in capsys.readouterr().err
    forward(collector, tmp_path)
    assert sorted(set(numbers(collector))) == list(range(1, AuditEvent.objects.count() + 1))


def test_a_certificate_of_somebody_else_gets_nothing(collector: Collector, tmp_path: Path) -> None:
    tell(1)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with pytest.raises(SystemExit):
        forward(collector, tmp_path)
    assert collector.received == b""


def test_a_position_of_another_history_is_refused(collector: Collector, tmp_path: Path) -> None:
    (tmp_path / "position").write_text("999999999\n")
    with pytest.raises(CommandError, match="of another history"):
        forward(collector, tmp_path)
