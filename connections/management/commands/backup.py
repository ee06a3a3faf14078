from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append
from connections.audit.origin import command_origin
from connections.backup.archive import write
from connections.backup.databases import NotCopied
from connections.management.shell import SOME_NOT, wrong_use


class Command(BaseCommand):
    help = (
        "Write the whole panel into one file, beside everybody who works: the database, the checkpoints and the "
        "fingerprints of the keys. The keys themselves are not in it: keep .env and the signing key apart from it. "
        "Exit code 1 when it could not be made; 2 is wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="where to write it; nothing is overwritten")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if path.exists():
            raise wrong_use(_("%s is there already; a backup overwrites nothing.") % path)
        # Committed before, so that the copy holds it: whoever has the file has the whole history.
        with transaction.atomic():
            append([Entry("backup.made", command_origin(), facts={"file": path.name})])
        try:
            manifest = write(path)
        except NotCopied as error:
            raise CommandError(str(error), returncode=SOME_NOT) from None
        except OSError as error:
            raise wrong_use(_("%(path)s can't be written: %(why)s.") % {"path": path, "why": error.strerror}) from None
        facts = {"path": path, "seq": manifest["seq"], "hash": manifest["hash"]}
        self.stdout.write(_("%(path)s holds the history up to line %(seq)d, %(hash)s.") % facts)
