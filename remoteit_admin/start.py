"""The one way to begin for every program of the panel: settings that can't be used end it in one line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXIT_CODE = 2


def keep_private() -> None:
    """Let nobody else of this machine read what this process writes: database, queue, keys, uploads."""
    os.umask(os.umask(0o077) | 0o077)


def require_what_pages_need(exit_code: int = EXIT_CODE) -> None:
    """End this process with `exit_code` and one line when no page could be shown, or not all be kept that it takes.

    For a server, which runs no system checks, when Django is set up: each static file is there, and the database can
    hold all that remote.it may say. A database that is away may come back: that is told by who needs it.
    """
    from django.db import OperationalError, connections

    from connections.db.encoding import why_not_every_letter
    from remoteit_admin import collected

    try:
        why = collected.why_not() or why_not_every_letter()
    except OperationalError:
        why = ""
    connections.close_all()
    if why:
        sys.stderr.write(f"{why}\n")
        sys.exit(exit_code)


def require_schema(exit_code: int = 1) -> None:
    """End this process with `exit_code` and one line when the database is one of another version.

    For a server that begins, or reads its settings again. No setting is known to be wrong (2 would say so): `migrate`
    may be at work just now.
    """
    from django.db import OperationalError, connections

    from connections.db import schema

    try:
        why = schema.why_another()
    except OperationalError:
        why = ""  # away, and may come back
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


def require_address(bind: str, exit_code: int = 1) -> None:
    """End this process with `exit_code` and one line when this machine can't listen on `bind`, gunicorn's.

    Asked of any free port: on its own gunicorn may listen already, when it reads its settings again, or systemd does.
    No setting is known to be wrong (2 would say so), since the address may still come.
    """
    if bind.startswith("unix:"):
        return
    host = bind.rpartition(":")[0].strip("[]")
    try:
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        sys.stderr.write(f"BIND is {host}, and this machine can't listen there: {os.strerror(error.errno or 0)}.\n")
        sys.exit(exit_code)


def require_settings_apart() -> str:
    """As `require_settings`, and returns where the web server shall listen, as gunicorn's `bind`.

    They are read by a process of their own, so that this one stays without them and without Django: gunicorn's first
    process stays when SIGHUP has new workers read new settings and new code.
    """
    return _apart("settings")


def require_server_apart() -> str:
    """As `require_settings_apart`, and asks what a server needs, too: `require_address`, `require_what_pages_need`."""
    return _apart("server")


def _apart(what: str) -> str:
    command = [sys.executable, "-m", "remoteit_admin.start", what]
    read = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if read.returncode:
        sys.exit(read.returncode)
    return read.stdout.decode().strip()


def main() -> None:
    """What `_apart` runs: it prints the address."""
    keep_private()
    require_settings()
    import django
    from django.conf import settings

    if sys.argv[1:] == ["server"]:
        require_address(settings.BIND)
        from remoteit_admin import outage

        with outage.told():
            django.setup()
            require_what_pages_need()
            require_schema()
    sys.stdout.write(f"{settings.BIND}\n")


if __name__ == "__main__":
    main()
