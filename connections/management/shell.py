"""What the commands have in common: who runs them, what they read, how they refuse."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from django.core.management.base import CommandError, OutputWrapper
from django.utils.translation import gettext as _

from connections.models.formats import for_terminal

WRONG_USE = 2
SOME_NOT = 1
COULD_NOT = 2
STILL_GOING = 3


def wrong_use(message: str) -> CommandError:
    """The error that ends a command with exit code 2."""
    return CommandError(message, returncode=WRONG_USE)


def read_input(path: str) -> bytes:
    """What stands in the file, or in standard input for `-`. Raises CommandError, exit code 2."""
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise wrong_use(_("%(path)s can't be read: %(why)s.") % {"path": path, "why": error.strerror}) from None


def tell(stdout: OutputWrapper, lines: Iterable[str]) -> None:
    """Write what was found, a line each.

    Raises CommandError, exit code 2, where it can't be written: Python's own code for that is 1, which says "no".
    """
    try:
        for line in lines:
            stdout.write(for_terminal(line))
        stdout.flush()
    except (AttributeError, OSError) as error:  # no standard output, a full disk, a pipe that nobody reads
        sys.stdout = sys.stderr  # or Python tries again when it ends, and makes the code its own
        raise wrong_use(_("What was found could not be written: %s.") % error) from None
