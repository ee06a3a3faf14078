"""Draft and start a run over every connection. Run by `with_django`; prints what it took as one line of JSON."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from connections.models import Connection
from connections.stops import plan
from tests.benchmarks import panel


def memory_mb(name: str) -> float:
    """This process's resident memory: VmRSS now, VmHWM at its peak (Linux)."""
    # Not getrusage: its maximum is inherited from the process that started this one.
    return int(re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)[1]) / 1024


def main() -> None:
    user = panel.User.objects.get()
    mb_at_start = memory_mb("VmRSS")
    begun = time.monotonic()
    run = plan.draft(user, Connection.objects.order_by("opened_at", "pk"), {"all": True})
    drafted = time.monotonic()
    panel.start(run, user)
    facts = {
        "draft_s": drafted - begun,
        "start_s": time.monotonic() - drafted,
        "mb_at_start": mb_at_start,
        "peak_mb": memory_mb("VmHWM"),
        "queued": run.items.queued().count(),
    }
    print(json.dumps(facts))
