"""Two panels in one folder, or on one port, would only trip over each other: the second says so and leaves."""

from __future__ import annotations

import errno
import fcntl
import socket
from pathlib import Path
from typing import IO

from remoteit_admin.launch.failure import LaunchError


def require_free(port: int) -> None:
    """Raises LaunchError when the panel couldn't listen on 127.0.0.1:`port`."""
    try:
        bind(port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise LaunchError(f"Can't listen on port {port} of 127.0.0.1: {error.strerror}.") from error
        raise LaunchError(
            f"Port {port} on 127.0.0.1 is already taken, perhaps by another `make run`. "
            f"Stop it, or choose another: PORT={port % 65535 + 1} make run."
        ) from error


def first_free(start: int) -> int:
    """The first port from `start` up that nobody listens on. Raises LaunchError when there is none."""
    for port in range(start, 65536):
        try:
            bind(port)
        except OSError:
            continue
        return port
    raise LaunchError(f"No port from {start} up is free on 127.0.0.1.")


def bind(port: int) -> None:
    with socket.socket() as probe:
        # As gunicorn does: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def lock_folder(path: Path) -> IO[str]:
    """Take the lock file `path` and return it; it is held while this process, or any that it was passed to, lives.

    The file lists their process ids, so that what a killed launcher left behind can be named. Raises LaunchError
    when it is held, or can't be written.
    """
    try:
        lock = path.open("a+")
    except OSError as error:
        raise LaunchError(f"{path} can't be written: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        pids = " ".join(lock.read().split())
        lock.close()
        raise LaunchError(
            f"The panel is already running in this folder. Stop it with Ctrl-C where it runs, or with: kill {pids}"
        ) from error
    lock.truncate(0)
    return lock
