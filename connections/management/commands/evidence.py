from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from connections.audit.origin import command_origin
from connections.audit.signing import NoSigningKey
from connections.evidence.archive import NotHandedOut, export, file_name
from connections.evidence.hold import export_hold, hold_file_name
from connections.management.shell import SOME_NOT, wrong_use
from connections.models import Hold, StopRun

Make = Callable[[], IO[bytes]]


class Command(BaseCommand):
    help = (
        "Write the evidence of one run, or of a hold: a ZIP that can be checked without the panel, by the script "
        "inside. Exit code 1 when it can't be signed, or its own verifier refuses it; 2 is wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int, nargs="?", metavar="RUN", help="the run's number")
        parser.add_argument("--hold", type=int, metavar="HOLD", help="of this hold and all its runs, in place of a run")
        parser.add_argument(
            "--output",
            type=Path,
            metavar="FILE",
            help="where to write it (default: evidence-run-N.zip, evidence-hold-N.zip)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["run"] is None) == (options["hold"] is None):
            raise wrong_use(_("Name a run, or --hold HOLD."))
        make, name = self._hold(options["hold"]) if options["run"] is None else self._run(options["run"])
        path = options["output"] or Path(name)
        try:
            with path.open("wb") as target, make() as file:
                shutil.copyfileobj(file, target)
        except (NoSigningKey, NotHandedOut) as error:
            path.unlink()
            raise CommandError(str(error), returncode=SOME_NOT) from None
        except OSError as error:
            raise wrong_use(_("%(path)s can't be written: %(why)s.") % {"path": path, "why": error.strerror}) from None
        self.stdout.write(str(path))

    def _run(self, number: int) -> tuple[Make, str]:
        run = StopRun.objects.started().filter(pk=number).first()
        if run is None:
            raise wrong_use(_("There is no run %d.") % number)
        return partial(export, run, None, command_origin()), file_name(run)

    def _hold(self, number: int) -> tuple[Make, str]:
        hold = Hold.objects.filter(pk=number).first()
        if hold is None:
            raise wrong_use(_("There is no hold %d.") % number)
        return partial(export_hold, hold, None, command_origin()), hold_file_name(hold)
