"""The one way to begin for every program of the panel: settings that can't be used end it in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXIT_CODE = 2


def keep_private() -> None:
    """Let nobody else of this machine read what this process writes: database, queue, keys, uploads."""
    os.umask(os.umask(0o077) | 0o077)


def require_every_letter(exit_code: int = EXIT_CODE) -> None:
    """End this process with `exit_code` and one line when the database can't hold all that remote.it may say.

    For a server, which runs no system checks. One that is away may come back: that is told by who needs it.
    """
    from django.db import OperationalError, connections

    from connections.models.encoding import why_not_every_letter

    try:
        why = why_not_every_letter()
    except OperationalError:
        why = ""
    connections.close_all()
    if why:
        sys.stderr.write(f"{why}\n")
        sys.exit(exit_code)


def require_settings(exit_code: int = EXIT_CODE) -> None:
    """Load the settings, or end this process with `exit_code` and one line on stderr that says what is wrong."""
    from django.conf import settings

    from remoteit_admin.invalid_setting import InvalidSetting

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "remoteit_admin.settings")
    try:
        settings.INSTALLED_APPS  # noqa: B018 - the first look loads them
    except InvalidSetting as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(exit_code)


def require_settings_apart() -> str:
    """As `require_settings`, and returns where the web server shall listen, as gunicorn's `bind`.

    They are read by a process of their own, so that this one stays without them and without Django: gunicorn's first
    process stays when SIGHUP has new workers read new settings and new code.
    """
    read = subprocess.run([sys.executable, "-m", "remoteit_admin.start"], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if read.returncode:
        sys.exit(read.returncode)
    return read.stdout.decode().strip()


def print_address() -> None:
    """For `require_settings_apart`."""
    from django.conf import settings

    sys.stdout.write(f"{settings.BIND}\n")


if __name__ == "__main__":
    require_settings()
    print_address()
