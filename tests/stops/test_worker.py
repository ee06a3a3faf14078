"""The worker as a process: woken, killed, asked to end."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from huey.contrib.djhuey import HUEY

from connections.models import Connection, StopRun, Worker
from connections.sandbox import Sandbox
from connections.stops.wakeup import wake_worker
from tests.stops.test_drain import start_run, states
from tests.support import books
from tests.support.workers import worker

pytestmark = pytest.mark.django_db(transaction=True)
OpenConnections = Callable[..., list[Connection]]


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to this in time"
        time.sleep(0.02)


def is_finished(run: StopRun) -> bool:
    return not run.items.unfinished().exists()


def test_it_is_woken_and_stops_what_is_asked(alice: User, sandbox: Sandbox, open_connections: OpenConnections) -> None:
    open_connections(30)
    with worker(sandbox):
        run = start_run(alice)
        wait_until(lambda: is_finished(run))
    assert states(run) == {"stopped": 30}


@pytest.mark.slow
@pytest.mark.both
def test_killed_in_the_middle_and_started_again_every_item_is_answered_and_every_call_has_its_line(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(600)
    sandbox.set(latency_ms=30)
    run = start_run(alice)
    with worker(sandbox) as first:
        wait_until(lambda: run.items.finished().count() > 100)
        sandbox.set(latency_ms=1500)
        arrived = books.arrived(sandbox).total()
        wait_until(lambda: books.arrived(sandbox).total() > arrived)
        first.send_signal(signal.SIGKILL)
        first.wait()
    in_flight = run.items.sending().count()
    assert in_flight
    sandbox.set(latency_ms=0)
    with worker(sandbox):
        wait_until(lambda: is_finished(run))
    assert set(states(run)) <= {"stopped", "already_gone"}
    assert run.items.filter(unclear_attempt__isnull=False).count() == in_flight
    assert [row for row in sandbox.log.rows("device/connect/stop") if row["status"] is None]
    books.check_attempts(books.in_the_database(), sandbox)
    assert not sandbox.world.rows("open")


@pytest.mark.slow
def test_asked_to_end_it_leaves_nothing_in_flight(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(200)
    sandbox.set(latency_ms=50)
    run = start_run(alice)
    with worker(sandbox) as process:
        wait_until(lambda: run.items.finished().exists())
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert not run.items.sending().exists()
    assert books.arrived(sandbox) == Counter(run.items.finished().values_list("connection__connection_id", flat=True))
    assert not Worker.objects.alive().exists()


@pytest.mark.slow
def test_a_run_whose_wake_up_was_lost_is_found_all_the_same(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(3)
    run = start_run(alice)
    HUEY.flush()
    with worker(sandbox):
        wait_until(lambda: is_finished(run))
    assert states(run) == {"stopped": 3}


@pytest.mark.slow
def test_wake_ups_that_come_twice_send_nothing_twice(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(40)
    sandbox.set(latency_ms=100)
    with worker(sandbox), worker(sandbox):
        run = start_run(alice)
        for _ in range(20):
            wake_worker()
        wait_until(lambda: is_finished(run))
    assert {*books.arrived(sandbox).values()} == {1}
