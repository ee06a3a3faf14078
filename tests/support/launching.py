"""The launcher as a test sees it: a process, and what it has shown so far."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

LIMIT = 90  # seconds for a start on a busy machine


class Launcher:
    """One `python -m remoteit_admin` in `project`, in an environment that holds nothing of the test run's."""

    def __init__(self, project, port, **env):
        self.project, self.port = project, port
        self.output = project.parent / f"output-{time.monotonic_ns()}"
        bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "remoteit_admin"],
                cwd=project,
                env={**bare, "PORT": str(port), **env},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def shown(self):
        return self.output.read_text()

    def until_shown(self, text):
        deadline = time.monotonic() + LIMIT
        while text not in self.shown:
            assert self.process.poll() is None, self.shown
            assert time.monotonic() < deadline, self.shown
            time.sleep(0.1)

    def end(self, number=signal.SIGINT):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        return self.process.wait(LIMIT)
