"""Of several migrates that begin at once one works, and the others wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.db import connection

from connections.management.migrate_lock import in_folder, in_postgresql

Lock = Callable[[Callable[[], None]], AbstractContextManager[None]]


def one_after_the_other(lock: Lock) -> list[str]:
    """What happens, in order, when a second one comes while the first has the lock."""
    told: list[str] = []
    waits = threading.Event()

    def wait() -> None:
        told.append("the second waits")
        waits.set()

    def second() -> None:
        with lock(wait):
            told.append("the second works")

    with lock(lambda: told.append("the first waits")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        told.append("the first is done")
    thread.join(10)
    return told


IN_ORDER = ["the second waits", "the first is done", "the second works"]


def test_on_sqlite_the_second_waits_for_the_first(tmp_path: Path) -> None:
    assert one_after_the_other(lambda waiting: in_folder(tmp_path, waiting)) == IN_ORDER


@pytest.mark.both
@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has a lock of its own")
def test_on_postgresql_the_second_waits_for_the_first() -> None:
    assert one_after_the_other(lambda waiting: in_postgresql(connection, waiting)) == IN_ORDER
