from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from connections.audit.export import as_json_lines
from connections.audit.export_csv import as_csv_lines
from connections.management.shell import SOME_NOT, wrong_use
from connections.models import AuditEvent, StopRun
from connections.models.audit import AuditEventQuerySet
from connections.models.formats import parse_time


class Command(BaseCommand):
    help = (
        "Write the history to standard output, oldest line first. jsonl holds each line exactly, with its hash; csv is "
        "for spreadsheets: a text that would be taken for a formula gets an apostrophe in front. A filtered export "
        "proves each line, not that none is left out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", required=True, choices=("jsonl", "csv"))
        parser.add_argument("--user", metavar="NAME", help="only what this person did")
        parser.add_argument("--run", type=int, metavar="ID", help="only the lines of this run")
        parser.add_argument("--since", metavar="TIME", help="only from this time on: ISO 8601 with its offset from UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        events = _selected(options)
        lines = as_csv_lines(events) if options["format"] == "csv" else (f"{line}\n" for line in as_json_lines(events))
        if isinstance(sys.stdout, io.TextIOWrapper):
            # The lines were hashed as UTF-8, whatever this terminal speaks.
            sys.stdout.reconfigure(encoding="utf-8", newline="")
        try:
            # Closed here and not by chance: the database's cursor behind them goes before the database does.
            with contextlib.closing(lines):
                self._write(lines)
        except BrokenPipeError:
            # The reader has left. What Python still holds back for it must not raise once more on the way out.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(SOME_NOT) from None

    def _write(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.stdout.write(line, ending="")
        self.stdout.flush()


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
    return events
