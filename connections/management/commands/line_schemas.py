from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from connections.notices.siem.schemas import document


class Command(BaseCommand):
    help = "Print the JSON Schemas of the lines of the history, as docs/line-schemas.json holds them."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(document(), indent=1, ensure_ascii=False))
