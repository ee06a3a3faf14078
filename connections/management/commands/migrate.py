from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.utils.translation import gettext as _

from connections.management.autodetector import Autodetector
from connections.management.migrate_lock import alone


class Command(migrate.Command):
    autodetector = Autodetector

    def handle(self, *args: Any, **options: Any) -> None:
        def waiting() -> None:
            self.stderr.write(_("Another migrate is at work on this database; waiting for it."))

        with alone(options["database"], waiting):
            super().handle(*args, **options)
