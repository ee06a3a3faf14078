"""The worker's loop with a watch on its database connection. Run by `with_django`; prints one line of JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from connections.accounts.credentials import ensure_default_account
from connections.stops.worker.claim import pairs_with_work
from connections.stops.worker.loop import Drain

LOOK_EVERY_S = 0.02


class Watch:
    """Adds up what passes through the database connection of this thread, in seconds by the wall."""

    def __init__(self) -> None:
        self.statements = self.commits = 0
        self.database_s = self.commit_s = 0.0

    def execute(self, execute: Callable[..., Any], *args: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(*args)
        finally:
            self.statements += 1
            self.database_s += time.perf_counter() - begun

    def commit(self, commit: Callable[[], None]) -> None:
        begun = time.perf_counter()
        commit()
        took = time.perf_counter() - begun
        self.commits += 1
        self.commit_s += took
        self.database_s += took


def main() -> None:
    """Wait for work, do all of it, and print what it took."""
    ensure_default_account()
    print("the watched drain is ready", flush=True)
    while not pairs_with_work():
        time.sleep(LOOK_EVERY_S)
    drain, watch = Drain(), Watch()
    commit = connection._commit
    connection._commit = lambda: watch.commit(commit)
    cpu = time.thread_time()
    with connection.execute_wrapper(watch.execute):
        drain.run_until_idle()
    facts = {name: getattr(watch, name) for name in ("statements", "commits", "database_s", "commit_s")}
    print(json.dumps({**facts, "thread_cpu_s": time.thread_time() - cpu}), flush=True)
