from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.audit.origin import command_origin
from connections.backup.archive import NotABackup
from connections.backup.databases import NotCopied
from connections.backup.restore import missing_keys, restore
from connections.management.shell import SOME_NOT, wrong_use
from connections.models import StopItem


class Command(BaseCommand):
    help = (
        "Load a backup into the database of DATABASE_URL, which has to be empty, and migrate it to this version. Stop "
        "the workers first. Exit code 0: restored, and with --verify the history holds; 1: it does not hold, or a key "
        "is missing here; 2: wrong use, nothing was changed."
    )
    requires_system_checks = ()  # the database is empty

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="what `backup` wrote")
        parser.add_argument("--verify", action="store_true", help="verify the whole history afterwards")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            manifest = restore(path, command_origin())
        except (NotABackup, NotCopied) as error:
            raise wrong_use(str(error)) from None
        except OSError as error:
            raise wrong_use(_("%(path)s: %(why)s.") % {"path": error.filename, "why": error.strerror}) from None
        facts = {"seq": manifest["seq"], "at": manifest["at"]}
        self.stdout.write(_("Restored up to line %(seq)d, as it was at %(at)s.") % facts)
        if queued := StopItem.objects.held().count():
            self.stderr.write(
                ngettext(
                    "%d stop was not answered then: a worker sends it when it starts. Cancel its run to prevent that.",
                    "%d stops were not answered then: a worker sends them when it starts. Cancel their runs to "
                    "prevent that.",
                    queued,
                )
                % queued
            )
        missing = missing_keys(manifest)
        for sentence in missing:
            self.stderr.write(sentence)
        if options["verify"]:
            call_command("verify_audit", stdout=self.stdout, stderr=self.stderr)
        if missing:
            raise CommandError(_("Restored, but not every key is here."), returncode=SOME_NOT)
