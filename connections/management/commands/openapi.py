from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from connections.api.description import description


class Command(BaseCommand):
    help = (
        "Print the description of the API, OpenAPI 3.1, as it stands in docs/openapi.json and at /api/v1/openapi.json."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(description(), indent=1, sort_keys=True, ensure_ascii=False))
