"""Watch and stop again: what comes back is told, stopped by runs of the hold, and the hold ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections.models import AuditEvent, Connection, Hold, HoldReturn, StopItem
from connections.models.holding.holds import HoldEnd, Level
from connections.models.states import ConnectionStatus
from tests.holds.conftest import Stage

pytestmark = [pytest.mark.both, pytest.mark.django_db]
HoldAll = Callable[..., Hold]


def lines(prefix: str) -> list[dict[str, Any]]:
    rows = AuditEvent.objects.filter(action__startswith=prefix).order_by("seq").values_list("body", flat=True)
    return [json.loads(body) for body in rows]


def test_what_comes_back_is_stopped_again_by_a_run_of_the_hold(stage: Stage, hold_all: HoldAll) -> None:
    stage.sandbox.set(stubborn=1)
    stage.open(1)
    hold = hold_all()
    stage.round()
    stage.round(2)
    assert Connection.objects.count() == 2
    [back] = HoldReturn.objects.filter(hold=hold)
    assert back.run is not None
    assert back.run.hold == hold
    assert back.run.reason == "laptop stolen"
    assert StopItem.objects.filter(run__hold=hold, state="stopped").count() == 2


def test_every_line_of_such_a_run_names_the_hold(stage: Stage, hold_all: HoldAll) -> None:
    stage.sandbox.set(stubborn=1)
    stage.open(1)
    hold = hold_all()
    stage.round()
    stage.round(2)
    assert {line.get("hold_id") for line in lines("stop.")} == {hold.pk}
    assert [line["action"] for line in lines("hold.")] == ["hold.requested", "hold.returned"]


def test_a_watching_hold_tells_and_stops_nothing(stage: Stage, hold_all: HoldAll) -> None:
    [one] = stage.open(1)
    hold = hold_all(Level.WATCH)
    stage.come(one.device_address, one.opened_by)
    stage.round()
    assert HoldReturn.objects.filter(hold=hold).count() == 1
    assert not StopItem.objects.exists()


def test_it_ends_quiet_when_nothing_comes_back_for_its_quiet_time(stage: Stage, hold_all: HoldAll) -> None:
    stage.open(1)
    hold = hold_all(quiet=timedelta(milliseconds=1))
    for _ in range(4):
        stage.round()
    hold.refresh_from_db()
    assert hold.ended_how == HoldEnd.QUIET
    assert [line["action"] for line in lines("hold.")] == ["hold.requested", "hold.quiet", "hold.ended"]


def test_it_ends_at_its_deadline_and_says_how_many_keep_coming(stage: Stage, hold_all: HoldAll) -> None:
    [one] = stage.open(1)
    hold = hold_all(Level.WATCH)
    stage.come(one.device_address, one.opened_by)
    stage.round()
    Hold.objects.update(deadline_at=timezone.now())
    stage.round()
    hold.refresh_from_db()
    assert (hold.ended_how, hold.still_coming) == (HoldEnd.DEADLINE, 1)


def test_it_is_capped_when_it_has_stopped_as_often_as_it_may(stage: Stage, hold_all: HoldAll) -> None:
    stage.sandbox.set(stubborn=1)
    stage.open(1)
    hold = hold_all()
    Hold.objects.update(most_in_all=1)
    for _ in range(4):
        stage.round(2)
    hold.refresh_from_db()
    assert hold.ended_how == HoldEnd.CAPPED
    assert StopItem.objects.filter(run__hold=hold).count() == 2


def test_one_person_is_stopped_no_more_often_than_the_cap_a_minute(stage: Stage, hold_all: HoldAll) -> None:
    stage.sandbox.set(stubborn=1)
    stage.open(1)
    hold = hold_all()
    Hold.objects.update(most_per_minute=2)
    for _ in range(5):
        stage.round(2)
    hold.refresh_from_db()
    assert StopItem.objects.filter(run__hold=hold).count() == 3
    assert "within a minute" in hold.trouble


def test_others_at_the_same_service_are_left_alone(stage: Stage, hold_all: HoldAll) -> None:
    [one] = stage.open(1)
    hold_all()
    stage.come(one.device_address, "somebody.else@example.com")
    stage.round()
    assert not HoldReturn.objects.exists()
    assert Connection.objects.get(opened_by="somebody.else@example.com").status == ConnectionStatus.ACTIVE


def test_a_connection_that_only_events_tell_of_is_a_come_back(stage: Stage, hold_all: HoldAll) -> None:
    [one] = stage.open(1)
    hold = hold_all()
    stage.round()
    stage.come(one.device_address, one.opened_by, gone=True)
    stage.round()
    [back] = HoldReturn.objects.filter(hold=hold)
    assert (back.connection, back.by_event) == (None, True)
    assert hold.clocks.get().counted == timedelta()
