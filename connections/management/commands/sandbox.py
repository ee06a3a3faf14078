"""`manage.py sandbox`: a thin door to connections.sandbox."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from connections.sandbox import commandline


class Command(BaseCommand):
    help = commandline.DESCRIPTION
    # It needs no database and no credentials of the panel.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        commandline.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        code = commandline.serve(argparse.Namespace(**options))
        if code:
            raise SystemExit(code)
