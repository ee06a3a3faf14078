from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from connections.audit.origin import command_origin
from connections.management.saving import saved_with_line
from connections.people.lines import NOBODY, user_line


class Command(createsuperuser.Command):
    """Django's own, with a line in the history."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        with saved_with_line(lambda user: user_line(user, NOBODY, [], None, command_origin())):
            return super().handle(*args, **options)
