from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import changepassword

from connections.audit.origin import command_origin
from connections.management.saving import saved_with_line
from connections.people.lines import password_line


class Command(changepassword.Command):
    """Django's own, with a line in the history."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        with saved_with_line(lambda user: password_line(user, None, command_origin())):
            return super().handle(*args, **options)
