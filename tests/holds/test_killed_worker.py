"""kill -9 at every step of a hold: nothing stays off that the history doesn't name, and nothing is forgotten."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from connections.audit.verify import verify
from connections.holds.begin import Wish, begin
from connections.holds.ends import end
from connections.models import AuditEvent, Connection, Hold, HoldReturn, Measure, StopItem, Worker
from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.measures import NOT_RESTORED, MeasureState, UndoState
from tests.holds.conftest import WEB, Stage
from tests.support.workers import worker

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
KILLS = 2
"""At chosen steps every one is killed once, below; these come at any moment."""


def switched_off(stage: Stage) -> set[str]:
    rows = stage.sandbox.call(stage.sandbox.server.control.services)
    return {row["address"] for row in rows if not row["enabled"] or row["link"] is False}


def until(done: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kill_when(stage: Stage, done: Callable[[], bool]) -> None:
    """Let a worker go on until `done`, and kill it at that moment; the next one goes on at once."""
    with worker(stage.sandbox):
        until(done)
    Worker.objects.update(ended_at=timezone.now())


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


CLOSING = {
    "before it is asked": {"state": MeasureState.PLANNED},
    "while it is asked": {"state": MeasureState.SENDING},
    "when it is answered": {"state": MeasureState.SET},
    "when it is seen": {"seen_at__isnull": False},
}
RESTORING = {
    "before it is asked": {"undo": UndoState.QUEUED},
    "while it is asked": {"undo": UndoState.SENDING},
    "when it is answered": {"undo": UndoState.SET},
    "when it is restored": {"undo": UndoState.RESTORED},
}


def test_a_kill_at_each_step_of_closing_and_of_restoring_loses_nothing(stage: Stage, lead: User) -> None:
    stage.drain.worker.delete()
    stage.sandbox.set(latency_ms=250)
    addresses = [one.device_address for one in stage.open(len(CLOSING))]
    holds = {}
    for (step, reached), address in zip(CLOSING.items(), addresses, strict=True):
        stage.change(address, configurable=True, link=True)
        holds[step] = hold = begin(
            lead, Wish(Level.SERVICES, step), Connection.objects.filter(device_address=address), WEB
        )
        kill_when(stage, lambda hold=hold, reached=reached: hold.measures.filter(**reached).exists())
        sent = [*AuditEvent.objects.filter(action="hold.measure_sent").values_list("body", flat=True)]
        assert all(any(one in body for body in sent) for one in switched_off(stage)), step
    with worker(stage.sandbox):
        until(lambda: not Measure.objects.filter(seen_at=None).exists(), 60)
    Worker.objects.update(ended_at=timezone.now())
    for hold, (step, reached) in zip(holds.values(), RESTORING.items(), strict=True):
        end(hold, HoldEnd.WITHDRAWN)
        kill_when(stage, lambda hold=hold, reached=reached: hold.measures.filter(**reached).exists())
        in_force = Measure.objects.filter(undo="") | Measure.objects.filter(undo__in=NOT_RESTORED)
        assert switched_off(stage) <= {*in_force.values_list("member__device_address", flat=True)}, step
    with worker(stage.sandbox):
        until(lambda: not Measure.objects.not_restored().exists(), 60)
    assert switched_off(stage) == set()
    assert [fault for fault in verify().faults if "trigger" not in fault] == []


WATCHING: dict[str, Callable[[], bool]] = {
    "while a list is asked": lambda: times("list.started") > times("list.read"),
    "when a come-back is noted": HoldReturn.objects.exists,
    "while it is stopped again": lambda: again().filter(state="sending").exists(),
    "when that is answered": lambda: again().filter(state="stopped").exists(),
}


def times(action: str) -> int:
    return AuditEvent.objects.filter(action=action, body__contains='"services":').count()


def again() -> QuerySet[StopItem]:
    """The stops of holds beside their first ones."""
    return StopItem.objects.filter(run__hold__isnull=False, run__parent__isnull=False)


def test_a_kill_at_each_step_of_watching_and_of_stopping_again_loses_nothing(
    stage: Stage, hold_all: Callable[..., Hold]
) -> None:
    stage.drain.worker.delete()
    stage.sandbox.set(latency_ms=250, stubborn=1)
    stage.open(2)
    hold = hold_all()
    for done in WATCHING.values():
        kill_when(stage, done)
    returned = hold.returns.count()
    with worker(stage.sandbox):
        until(lambda: hold.returns.count() > returned and not again().filter(state="sending").exists(), 60)
    asked = [row["body"] for row in stage.sandbox.call(stage.sandbox.server.log.rows, "device/connect/stop")]
    named = [*AuditEvent.objects.filter(action="stop.sent").values_list("body", flat=True)]
    ids = [str(json.loads(body)["connectionid"]) for body in asked]
    assert ids
    assert all(any(one in body for body in named) for one in ids)
    assert [fault for fault in verify().faults if "trigger" not in fault] == []
