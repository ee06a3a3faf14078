from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from connections.audit.origin import command_origin
from connections.audit.signing import NoSigningKey
from connections.evidence.archive import NotHandedOut, export, file_name
from connections.management.shell import SOME_NOT, wrong_use
from connections.models import StopRun


class Command(BaseCommand):
    help = (
        "Write the evidence of one run: a ZIP that can be checked without the panel, by the script inside. "
        "Exit code 1 when it can't be signed, or its own verifier refuses it; 2 is wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int, metavar="RUN", help="the run's number")
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="where to write it (default: evidence-run-N.zip)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        run = StopRun.objects.started().filter(pk=options["run"]).first()
        if run is None:
            raise wrong_use(_("There is no run %d.") % options["run"])
        path = options["output"] or Path(file_name(run))
        try:
            with path.open("wb") as target, export(run, None, command_origin()) as file:
                shutil.copyfileobj(file, target)
        except (NoSigningKey, NotHandedOut) as error:
            path.unlink()
            raise CommandError(str(error), returncode=SOME_NOT) from None
        except OSError as error:
            raise wrong_use(_("%(path)s can't be written: %(why)s.") % {"path": path, "why": error.strerror}) from None
        self.stdout.write(str(path))
