"""The worker as a process: woken, killed, asked to end."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from connections.models import AuditEvent, Connection, StopRun, Worker
from connections.sandbox import Sandbox
from tests.test_drain import start_run, states
from tests.workers import worker

pytestmark = pytest.mark.django_db(transaction=True)
OpenConnections = Callable[..., list[Connection]]


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to this in time"
        time.sleep(0.02)


def is_finished(run: StopRun) -> bool:
    return not run.items.unfinished().exists()


def attempts_on_the_wire(sandbox: Sandbox) -> Counter[str]:
    return Counter(json.loads(row["body"])["connectionid"] for row in sandbox.log.rows("device/connect/stop"))


def attempts_in_the_audit() -> Counter[str]:
    bodies = AuditEvent.objects.filter(action="stop.sent").values_list("body", flat=True)
    return Counter(json.loads(body)["connection_id"] for body in bodies)


def test_it_is_woken_and_stops_what_is_asked(alice: User, sandbox: Sandbox, open_connections: OpenConnections) -> None:
    open_connections(30)
    with worker(sandbox):
        run = start_run(alice)
        wait_until(lambda: is_finished(run))
    assert states(run) == {"stopped": 30}


def test_killed_in_the_middle_and_started_again_every_item_is_answered_and_every_call_has_its_line(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(600)
    sandbox.set(latency_ms=30)
    run = start_run(alice)
    with worker(sandbox) as first:
        wait_until(lambda: run.items.finished().count() > 100)
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert run.items.unfinished().exists()
    with worker(sandbox):
        wait_until(lambda: is_finished(run))
    assert set(states(run)) <= {"stopped", "already_gone"}
    assert attempts_on_the_wire(sandbox) <= attempts_in_the_audit()
    assert not sandbox.world.rows("open")


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
    assert attempts_on_the_wire(sandbox) == Counter(
        run.items.finished().values_list("connection__connection_id", flat=True)
    )
    assert not Worker.objects.alive().exists()
