"""The panel's commands as processes of their own, on the test's database: for exit codes, pipes and standard input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    """The variables with which a process sees this test's database. It has to be committed: `transaction=True`."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        url = f"sqlite:///{name}"
    else:
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url}


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def manage(
    *arguments: str, stdin: bytes = b"", start_new_session: bool = False, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run `python manage.py arguments` to its end; `variables` go beside those of `environment`.

    `start_new_session`: away from this terminal, so that a password is asked for on standard input.
    """
    env = {**environment(), **variables}
    return subprocess.run(
        command_line(*arguments),
        input=stdin,
        cwd=ROOT,
        env=env,
        capture_output=True,
        timeout=60,
        check=False,
        start_new_session=start_new_session,
    )
