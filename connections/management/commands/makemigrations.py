from __future__ import annotations

from django.core.management.commands import makemigrations

from connections.management.autodetector import Autodetector


class Command(makemigrations.Command):
    autodetector = Autodetector
