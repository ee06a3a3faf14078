"""A database that answers and takes nothing: the pages say so, in its own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from connections.models import Connection, StopRun, Worker
from connections.models.writable import why_not_writable
from tests.test_drain import start_run

pytestmark = pytest.mark.django_db(transaction=True)
REFUSAL = {
    "sqlite": "attempt to write a readonly database",
    "postgresql": "cannot execute UPDATE in a read-only transaction",
}


@pytest.fixture
def run(alice: User, make_connection: Callable[..., Connection]) -> StopRun:
    """Started, and its only worker is dead."""
    worker = Worker.objects.create(host="box", pid=1, beat_at=Now())
    Worker.objects.filter(pk=worker.pk).update(beat_at="2020-01-01T00:00Z")
    make_connection()
    return start_run(alice)


@pytest.fixture
def read_only() -> Iterator[str]:
    """Yields what the database says to who wants to write."""
    switch = "PRAGMA query_only = {}" if connection.vendor == "sqlite" else "SET default_transaction_read_only = {}"
    with connection.cursor() as cursor:
        cursor.execute(switch.format("on"))
    yield REFUSAL[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(switch.format("off"))


@pytest.fixture
def shown(run: StopRun, client: Client, alice: User) -> Callable[[], str]:
    client.force_login(alice)
    return lambda: client.get(f"/admin/connections/stoprun/{run.pk}/change/").content.decode()


def test_the_run_says_why_nothing_is_sent(shown: Callable[[], str], read_only: str) -> None:
    assert f"It says: <q>{read_only}</q>" in shown()


def test_a_database_that_can_be_written_waits_for_a_worker(shown: Callable[[], str]) -> None:
    text = shown()
    assert "No worker has given a sign since" in text
    assert "It says:" not in text


def test_readyz_says_why_to_an_administrator(admin_client: Client, run: StopRun, read_only: str) -> None:
    assert admin_client.get("/readyz").json()["database"] == f"can't be written: {read_only}"


def test_a_lock_of_somebody_else_is_no_refusal(run: StopRun) -> None:
    held, enough = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            Worker.objects.update(pid=F("pid"))
            held.set()
            enough.wait()
        connection.close()

    holder = Thread(target=hold)
    holder.start()
    held.wait()
    try:
        assert why_not_writable() == ""
    finally:
        enough.set()
        holder.join()
