"""Export the whole history to nowhere. Run by `with_django`; prints what it took as one line of JSON."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from typing import cast

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from connections.models import AuditHead
from tests.benchmarks.draft_all import memory_mb

PATHS = {"csv": "/admin/connections/auditevent/export/csv/", "jsonl": "/admin/connections/auditevent/export/"}


def main(door: str, form: str) -> None:
    """By `door`, `command` or `page`, in the format `form`."""
    lines = AuditHead.objects.get().seq
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.filter(is_superuser=True)[0])
    mb_at_start = memory_mb("VmRSS")
    begun = time.monotonic()
    if door == "command":
        call_command("export_audit", format=form, output=os.devnull)
    else:
        for part in cast("Iterable[bytes]", client.get(PATHS[form])):
            len(part)
    seconds = time.monotonic() - begun
    print(json.dumps({"lines": lines, "mb_at_start": mb_at_start, "peak_mb": memory_mb("VmHWM"), "seconds": seconds}))
