"""kill -9 while ways are closed and put back: nothing stays off that the history doesn't name, nothing is forgotten."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from django.utils import timezone

from connections.audit.verify import verify
from connections.holds.ends import end
from connections.models import AuditEvent, Hold, Measure, Worker
from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.measures import NOT_RESTORED, MeasureState, UndoState
from tests.holds.conftest import Stage
from tests.support.workers import worker

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
KILLS = 4


def switched_off(stage: Stage) -> set[str]:
    rows = stage.sandbox.call(stage.sandbox.server.control.services)
    return {row["address"] for row in rows if not row["enabled"] or row["link"] is False}


def until(done: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def kill_a_few(stage: Stage, seed: str) -> None:
    draw = random.Random(seed)
    for _ in range(KILLS):
        with worker(stage.sandbox):
            time.sleep(draw.uniform(1, 5))
        # Its lease is over, so that the next one goes on at once.
        Worker.objects.update(ended_at=timezone.now())


def test_kills_while_closing_and_restoring_lose_nothing(stage: Stage, hold_all: Callable[..., Hold]) -> None:
    stage.drain.worker.delete()
    stage.sandbox.set(latency_ms=150)
    addresses = {one.device_address for one in stage.open(6)}
    for address in addresses:
        stage.change(address, configurable=True, link=True)
    hold = hold_all(Level.SERVICES)
    kill_a_few(stage, "closing")
    named = set(AuditEvent.objects.filter(action="hold.measure_sent").values_list("body", flat=True))
    assert all(any(address in body for body in named) for address in switched_off(stage))
    with worker(stage.sandbox):
        until(lambda: not hold.measures.filter(seen_at=None).exclude(state=MeasureState.NOT_ASKED).exists())
        end(hold, HoldEnd.WITHDRAWN)
    kill_a_few(stage, "restoring")
    left = {one.member.device_address for one in Measure.objects.filter(undo__in=NOT_RESTORED)}
    assert switched_off(stage) <= left
    with worker(stage.sandbox):
        until(lambda: not Measure.objects.not_restored().exists())
    assert switched_off(stage) == set()
    assert set(hold.measures.values_list("undo", flat=True)) <= {UndoState.RESTORED, ""}
    assert [fault for fault in verify().faults if "trigger" not in fault] == []
