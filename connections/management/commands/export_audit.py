from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils.translation import gettext as _

from connections.audit import export_csv
from connections.audit.export import announce, as_objects
from connections.audit.origin import command_origin
from connections.management.earlier_export import NotOfThisHistory, last_line
from connections.management.shell import SOME_NOT, wrong_use
from connections.models import AuditEvent, AuditHead, StopRun
from connections.models.audit import AuditEventQuerySet
from connections.models.formats import parse_time
from connections.notices.siem.formats import FORMATS

POLL_S = 0.5
FILTERS = ("user", "run", "since", "since_seq")


class Command(BaseCommand):
    help = (
        "Write the history to standard output, oldest line first. jsonl holds each line exactly, with its hash; csv is "
        "for spreadsheets: what would be taken for a formula gets an apostrophe in front; ocsf, ecs and cef are for a "
        "SIEM. A filtered export proves each line, not that none is left out. Each export leaves a line in the history "
        "itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", required=True, choices=list(FORMATS))
        parser.add_argument("--user", metavar="NAME", help="only what this person did")
        parser.add_argument("--run", type=int, metavar="ID", help="only the lines of this run")
        parser.add_argument("--since", metavar="TIME", help="only from this time on: ISO 8601 with its offset from UTC")
        parser.add_argument(
            "--since-seq", type=int, metavar="N", help="only lines after line N, the last that you have"
        )
        parser.add_argument(
            "--follow", action="store_true",
            help="go on with new lines as they come, until interrupted; with --output after the last line of the file",
        )  # fmt: skip
        parser.add_argument("--output", metavar="FILE", help="append to this file, which may be moved away at any time")

    def handle(self, *args: Any, **options: Any) -> None:
        form, follow = options["format"], options["follow"]
        path = _checked(options["output"]) if options["output"] is not None else None
        if path and follow and path.is_file():  # a pipe has no end to look at
            self._go_on_after(path, options)
        events = _selected(options)
        if isinstance(sys.stdout, io.TextIOWrapper):
            # The lines were hashed as UTF-8, whatever this terminal speaks.
            sys.stdout.reconfigure(encoding="utf-8", newline="")
        filters = {name: options[name] for name in FILTERS if options[name] is not None}
        with _until_interrupted(follow) as interrupted, _told_when_it_fails(path):
            last = announce(events, form=form, filters=filters, origin=command_origin(), follow=follow)
            sink = Sink(form, path, cast(TextIO, self.stdout), interrupted)
            if follow:
                _follow(events, sink, self.stderr)
            else:
                sink.write(events.filter(seq__lte=last))

    def _go_on_after(self, path: Path, options: dict[str, Any]) -> None:
        """Leave out the lines that the file has: a follower that is started again goes on where it was."""
        try:
            last = last_line(path, options["format"])
        except NotOfThisHistory as error:
            raise wrong_use(str(error)) from None
        if last > (options["since_seq"] or 0):
            options["since_seq"] = last
            self.stderr.write(
                _("%(file)s has the lines up to %(last)d; going on after that.") % {"file": path, "last": last}
            )


@dataclass
class Sink:
    """Where the lines go: appended to the file at `path`, or to `stdout` without one. `last`: the last one written."""

    form: str
    path: Path | None
    stdout: TextIO
    interrupted: threading.Event
    last: int = 0

    def write(self, events: AuditEventQuerySet) -> None:
        """Write `events`, and hand them over: whole lines, also when it is interrupted on the way."""
        with self._opened() as out:
            is_new = self.last == 0 if self.path is None else out.tell() == 0
            if self.form == "csv" and is_new:
                out.write(export_csv.header())
            for fields in as_objects(events):
                out.write(FORMATS[self.form](fields))
                self.last = fields["seq"]
                if self.interrupted.is_set():
                    break
            out.flush()

    @contextlib.contextmanager
    def _opened(self) -> Iterator[TextIO]:
        if self.path is None:
            yield self.stdout
            return
        # Opened each time: who moves the file away, as log rotation does, gets a new one.
        with self.path.open("a", encoding="utf-8", newline="") as file:
            yield file


def _follow(events: AuditEventQuerySet, sink: Sink, stderr: Any) -> None:
    """Write each line as it comes, until interrupted; while the database is away, wait for it."""
    is_away = False
    while not sink.interrupted.is_set():
        try:
            head = AuditHead.objects.get().seq
            if head > sink.last:
                sink.write(events.filter(seq__gt=sink.last, seq__lte=head))
            if not sink.interrupted.is_set():
                sink.last = head
            is_away = False
        except (DatabaseError, InterfaceError) as error:
            if not is_away:
                stderr.write(_("The database does not answer; waiting for it: %s") % error)
            is_away = True
            connection.close()
        sink.interrupted.wait(POLL_S)
        close_old_connections()


@contextlib.contextmanager
def _told_when_it_fails(path: Path | None) -> Iterator[None]:
    """End with 1, and no traceback, when the reader has left or the file can't be written any more."""
    try:
        yield
    except BrokenPipeError:
        # What Python still holds back for the reader must not raise once more on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(SOME_NOT) from None
    except OSError as error:
        if path is None:
            raise
        message = _("%(path)s can't be written: %(why)s.") % {"path": path, "why": error.strerror}
        raise CommandError(message, returncode=SOME_NOT) from None


@contextlib.contextmanager
def _until_interrupted(follow: bool) -> Iterator[threading.Event]:
    """Yields an event that a signal to end sets, when following; so that no line is cut in two."""
    interrupted = threading.Event()
    before = {}
    for number in (signal.SIGTERM, signal.SIGINT) if follow else ():
        before[number] = signal.signal(number, lambda *args: interrupted.set())
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _checked(output: str) -> Path:
    path = Path(output)
    try:
        path.open("a").close()
    except OSError as error:
        raise wrong_use(_("%(path)s can't be written: %(why)s.") % {"path": path, "why": error.strerror}) from None
    return path


def _selected(options: dict[str, Any]) -> AuditEventQuerySet:
    events = AuditEvent.objects.all()
    if options["user"] is not None:
        user = get_user_model().objects.filter(username=options["user"]).first()
        if user is None:
            raise wrong_use(_("There is no user “%s”.") % options["user"])
        events = events.filter(actor=user)
    if options["run"] is not None:
        if not StopRun.objects.filter(pk=options["run"]).exists():
            raise wrong_use(_("There is no run %d.") % options["run"])
        events = events.filter(run=options["run"])
    if options["since"] is not None:
        try:
            events = events.filter(at__gte=parse_time(options["since"]))
        except ValidationError as error:
            raise wrong_use(f"--since: {error.messages[0]}") from None
    if options["since_seq"] is not None:
        events = events.filter(seq__gt=_known_line(options["since_seq"]))
    return events


def _known_line(number: int) -> int:
    head = AuditHead.objects.get().seq
    if not 0 <= number <= head:
        raise wrong_use(
            _("--since-seq: There is no line %(number)d; the last is %(last)d.") % {"number": number, "last": head}
        )
    return number
