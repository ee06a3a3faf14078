from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.management.commands import check

from remoteit_admin import collected


class Command(check.Command):
    """Django's, which asks for the static files, too. Only a web server needs them, so no other command asks."""

    def handle(self, *app_labels: Any, **options: Any) -> None:
        register(static_files_are_collected, Tags.staticfiles)
        super().handle(*app_labels, **options)


def static_files_are_collected(**kwargs: Any) -> list[CheckMessage]:
    why = collected.why_not()
    return [Error(why, id="connections.E006")] if why else []
