from __future__ import annotations

import os
from typing import Any

from django.contrib.staticfiles.management.commands import collectstatic


class Command(collectstatic.Command):
    """Django's. What it collects is public, and a web server of another user may hand it out."""

    def handle(self, **options: Any) -> None:
        before = os.umask(0o022)
        try:
            super().handle(**options)
        finally:
            os.umask(before)
