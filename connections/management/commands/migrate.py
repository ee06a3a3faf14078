from __future__ import annotations

from django.core.management.commands import migrate

from connections.management.autodetector import Autodetector


class Command(migrate.Command):
    autodetector = Autodetector
