"""Worker processes for tests: real ones, on the test's own database and queue."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from connections.sandbox import Sandbox
from tests.support import commands


def environment(sandbox: Sandbox) -> dict[str, str]:
    """The environment of a process that shall see this test's database, queue and sandbox."""
    return {**commands.environment(), **sandbox.environment}


@contextmanager
def worker(sandbox: Sandbox) -> Iterator[subprocess.Popen[str]]:
    """A running `manage.py worker`, ready to work; whatever is left of it at the end is killed."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=settings.BASE_DIR,
        env=environment(sandbox),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        while "is ready" not in (line := process.stdout.readline()):
            assert line, f"the worker ended with {process.wait()} before it was ready"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
