"""What the commands have in common: who runs them, what they read, how they refuse."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from connections.audit.append import Origin

WRONG_USE = 2
SOME_NOT = 1
COULD_NOT = 2
STILL_GOING = 3


def command_origin() -> Origin:
    """The command line as origin, with the name of the system user that runs it.

    The name belongs to the process's user id: LOGNAME and its like can be set by anyone.
    """
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    return Origin("command", system_user=name)


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
