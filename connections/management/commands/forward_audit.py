from __future__ import annotations

import signal
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils.translation import gettext as _

from connections.audit.export import announce, as_objects
from connections.audit.origin import command_origin
from connections.management.position import read_position, write_position
from connections.management.shell import SOME_NOT, wrong_use
from connections.models import AuditEvent, AuditHead
from connections.notices.siem.formats import FORMATS
from connections.notices.siem.line import Line
from connections.notices.siem.syslog import Broken, Receiver, message

AT_ONCE = 200
POLL_S = 0.5
WAITS_S = (1, 2, 5, 10, 30, 60)
"""Seconds before the receiver is tried again; the last again and again."""


class Command(BaseCommand):
    help = (
        "Send the history to a syslog receiver over TLS (RFC 5425), oldest line first and new lines as they come, "
        "until interrupted. The history itself is the spool: while the receiver is away nothing is lost, and "
        "--position keeps how far it has it. After a break lines may come twice, by their number, and none is left out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, metavar="HOST:PORT", help="the receiver; its certificate names HOST")
        parser.add_argument("--format", default="cef", choices=[one for one in FORMATS if one != "csv"])
        parser.add_argument("--position", required=True, metavar="FILE", help="where the last delivered line is kept")
        parser.add_argument("--ca", metavar="FILE", help="whom to believe, instead of the system's authorities")
        parser.add_argument("--cert", metavar="FILE", help="a certificate with its key, when the receiver asks for one")
        parser.add_argument("--once", action="store_true", help="end when all that is there now is delivered")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = _host_and_port(options["to"])
        context = _context(options["ca"], options["cert"])
        path = Path(options["position"])
        try:
            last = read_position(path)
            write_position(path, last)
        except (OSError, ValueError) as error:
            raise wrong_use(f"--position: {error}") from None
        if last > AuditHead.objects.get().seq:
            raise wrong_use(_("--position: %s is of another history: it has fewer lines.") % path)
        ending = threading.Event()
        if not options["once"]:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *args: ending.set())
        told = {"to": options["to"], "since_seq": last}
        announce(
            AuditEvent.objects.filter(seq__gt=last),
            form=options["format"],
            filters=told,
            origin=command_origin(),
            follow=not options["once"],
        )
        tries = 0
        while not ending.is_set():
            try:
                with Receiver(host, port, context) as receiver:
                    while not ending.is_set():
                        went = self._send_some(receiver, options["format"], path)
                        tries = 0
                        if not went:
                            if options["once"]:
                                return
                            ending.wait(POLL_S)
                            close_old_connections()
            except (Broken, DatabaseError, InterfaceError) as error:
                if options["once"]:
                    self.stderr.write(str(error))
                    raise SystemExit(SOME_NOT) from None
                wait_s = WAITS_S[min(tries, len(WAITS_S) - 1)]
                self.stderr.write(_("%(why)s; trying again in %(wait)d s.") % {"why": error, "wait": wait_s})
                tries += 1
                connection.close()
                ending.wait(wait_s)

    def _send_some(self, receiver: Receiver, form: str, path: Path) -> bool:
        """Send what comes after the position, some at once; False when there is nothing."""
        last = read_position(path)
        seqs = list(AuditEvent.objects.filter(seq__gt=last).order_by("seq").values_list("seq", flat=True)[:AT_ONCE])
        if not seqs:
            return False
        host = socket.gethostname()
        found = as_objects(AuditEvent.objects.filter(seq__gt=last, seq__lte=seqs[-1]))
        receiver.send([message(Line(fields), FORMATS[form](fields), host) for fields in found])
        write_position(path, seqs[-1])
        return True


def _host_and_port(text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise wrong_use(_("--to is HOST:PORT; the port of syslog over TLS is 6514."))
    return host.strip("[]"), int(port)


def _context(ca: str | None, cert: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
        if cert:
            context.load_cert_chain(cert)
    except (OSError, ssl.SSLError) as error:
        raise wrong_use(f"--ca, --cert: {error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
