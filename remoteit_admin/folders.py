"""Whether a folder can be written. It is tried: root may write everywhere, and still can't in /proc."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)


def can_be_written(folder: Path) -> bool:
    """Whether `folder` is one and takes a file. A full disk does not count: that passes, and the panel tells it."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError as error:
        return error.errno in FULL
