"""What a terminal can show."""

from __future__ import annotations

import io
import sys


def show_anything() -> None:
    """Show a letter that this terminal's encoding lacks as its code: no name may end a command with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
