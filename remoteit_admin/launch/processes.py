"""The programs of `make run`: started together, watched together, stopped together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType, TracebackType
from typing import IO

from remoteit_admin.launch.failure import LaunchError

GRACE = 10.0  # seconds between TERM and KILL
TICK = 0.1  # seconds between two looks at the processes


class StopAsked(Exception):
    """Ctrl-C, TERM or the end of the terminal: the one good way for a run to end."""


def say(text: str) -> None:
    """One line to the terminal, which may be gone by now."""
    with contextlib.suppress(OSError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


class Child:
    """One program in its own process group, so that whatever it starts ends with it."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], lock: IO[str]) -> None:
        self.name = name
        try:
            self.process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
                # Held by the children too: those of a launcher that was killed are then found by the next run.
                pass_fds=(lock.fileno(),),
            )
        except OSError as error:
            raise LaunchError(f"Can't start {name} ({command[0]}): {error.strerror}.") from error

    def listen(self, heard: Callable[[str], None] = lambda line: None) -> None:
        """Show each line of the program's output behind its name, and give it to `heard`."""

        def lines() -> None:
            for line in self.process.stdout or ():
                say(f"{self.name:<7} | {line.rstrip()}")
                heard(line.strip())

        threading.Thread(target=lines, daemon=True).start()

    def exit_code(self) -> int | None:
        """The code that the program ended with, 128 + n when signal n ended it; None while it runs."""
        code = self.process.poll()
        return 128 - code if code is not None and code < 0 else code

    def group_alive(self) -> bool:
        self.process.poll()  # an ended leader counts as alive until somebody asked for its exit code
        return self.signal_group(0)

    def signal_group(self, number: int) -> bool:
        """Whether there was anybody left to get signal `number`."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            return False
        return True


class Children:
    """The programs of one run. Leaving the `with` block stops them all; a wish to stop is its good end."""

    def __init__(self, lock: IO[str]) -> None:
        self.lock = lock
        self.running: list[Child] = []
        self.signals = 0

    def __enter__(self) -> Children:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)
        self.note(os.getpid())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> bool:
        if self.running:
            say("Stopping ...")
        # The sandbox goes last: a stop that is on its way still gets its answer.
        self.stop([child for child in self.running if child.name != "sandbox"])
        self.stop(self.running)
        return isinstance(error, StopAsked)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def note(self, pid: int) -> None:
        self.lock.write(f"{pid}\n")
        self.lock.flush()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        self.check()
        child = Child(name, command, env, self.lock)
        self.running.append(child)
        self.note(child.process.pid)
        return child

    def check(self) -> None:
        """Raises StopAsked after a signal, LaunchError when a program has ended by itself."""
        if self.signals:
            raise StopAsked
        for child in self.running:
            code = child.exit_code()
            if code is not None:
                # An end that nobody asked for is none to be content with, whatever the program says.
                raise LaunchError(f"{child.name} ended with code {code}, so everything was stopped.", code or 1)

    def wait_until(self, done: Callable[[], bool], seconds: float = float("inf")) -> bool:
        """Whether `done()` came true within `seconds`, while every program lives. Raises as `check` does."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                return False
            self.check()
            time.sleep(TICK)
        return True

    def stop(self, children: list[Child]) -> None:
        """TERM, then KILL for who is left after the grace, or when a second signal says not to wait."""
        patience = self.signals
        for child in children:
            child.signal_group(signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while any(child.group_alive() for child in children):
            if time.monotonic() > deadline or self.signals > max(patience, 1):
                break
            time.sleep(TICK)
        for child in children:
            child.signal_group(signal.SIGKILL)
            child.process.wait()
