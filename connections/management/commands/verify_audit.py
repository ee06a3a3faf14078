from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.audit.verify import verify
from connections.management.shell import SOME_NOT


class Command(BaseCommand):
    help = (
        "Read the whole history and say whether each line continues the one before it, unchanged, and whether the "
        "triggers that protect it are there. Exit code 1 when something does not fit."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify()
        self.stdout.write(ngettext("%d event read.", "%d events read.", found.events) % found.events)
        self.stdout.write(_("Last hash: %s") % found.last_hash)
        for fault in found.faults:
            self.stdout.write(_("FAULT: %s") % fault)
        if found.holds:
            self.stdout.write(_("The chain holds."))
        self.stdout.write(
            _(
                "What this can't show: lines cut off the end together with the head's record of them, and a rewrite of "
                "the whole history by somebody who can write to the database."
            )
        )
        if not found.holds:
            raise SystemExit(SOME_NOT)
