"""Where databases that live for one test run lie: in memory, if the machine has a folder for that."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
ENOUGH = 2 << 30  # bytes: a container often has 64 MB


def in_memory() -> Path | None:
    """The parent for a temporary folder, for `tempfile`; None for its own choice, which TMPDIR makes."""
    if "TMPDIR" in os.environ or not os.access(SHARED_MEMORY, os.W_OK | os.X_OK):
        return None
    return SHARED_MEMORY if shutil.disk_usage(SHARED_MEMORY).free >= ENOUGH else None
