from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from connections.audit.origin import command_origin
from connections.inventory.csv_rows import COLUMNS, REQUIRED, BadRow
from connections.inventory.imports import NotImported, import_connections
from connections.management.shell import SOME_NOT, read_input, wrong_use
from connections.models.formats import for_terminal


class Command(BaseCommand):
    help = (
        "Import connections from a CSV file in UTF-8, or in UTF-16 with a byte order mark; commas, semicolons or tabs "
        "part its cells, or what a line sep=… before all others names. Its first line names the columns, in any case: "
        f"{', '.join(REQUIRED)}, and any of {', '.join(COLUMNS[2:])}. Times are ISO 8601 with their offset from UTC. "
        "Bad rows are listed by line and nothing is imported, unless --skip-bad. "
        "A connection that is known already is refreshed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the CSV file, or - for standard input")
        parser.add_argument("--skip-bad", action="store_true", help="import the good rows and leave out the bad ones")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = import_connections(
                read_input(options["file"]),
                options["file"],
                actor=None,
                origin=command_origin(),
                skip_bad=options["skip_bad"],
            )
        except NotImported as error:
            self._list(error.bad_rows)
            raise wrong_use(str(error)) from None
        self._list(done.left_out)
        counts = {"added": done.added, "known": done.known, "left_out": len(done.left_out)}
        self.stdout.write(_("%(added)d added, %(known)d known already, %(left_out)d left out.") % counts)
        if done.left_out:
            raise SystemExit(SOME_NOT)

    def _list(self, bad_rows: list[BadRow]) -> None:
        for bad_row in bad_rows:
            self.stderr.write(for_terminal(str(bad_row)))
