"""The history says once that a run is over, with what it came to."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections.models import AuditEvent, Connection, StopItem, StopRun
from connections.notices.endings import VERDICTS_WITHIN, tell_endings
from tests.support.runs import put, start_run

pytestmark = [pytest.mark.both, pytest.mark.django_db]


@pytest.fixture
def run(alice: User, make_connection: Callable[..., Connection]) -> StopRun:
    return start_run(alice, make_connection(), make_connection())


def told() -> list[dict[str, object]]:
    tell_endings()
    return [json.loads(line.body) for line in AuditEvent.objects.filter(action="run.finished")]


def put_all(run: StopRun, **facts: object) -> None:
    for item in run.items.select_related("connection"):
        put(item.connection, "stopped", **facts)


def test_a_run_that_is_over_is_told_once(run: StopRun) -> None:
    assert told() == []
    put_all(run, verdict="confirmed_gone")
    (line,) = told()
    assert (line["outcomes"], line["verdicts"], line["left"]) == ({"stopped": 2}, {"confirmed_gone": 2}, 0)
    assert (line["run_id"], line["actor"], len(told())) == (run.pk, "alice", 1)


def test_it_waits_for_the_verdicts_and_not_for_ever(run: StopRun) -> None:
    put_all(run)
    StopItem.objects.update(answered_at=timezone.now())
    assert told() == []
    StopItem.objects.update(answered_at=timezone.now() - VERDICTS_WITHIN)
    assert len(told()) == 1


def test_it_says_how_many_are_left(run: StopRun) -> None:
    put_all(run, verdict="confirmed_gone")
    put(run.items.all()[0].connection, "refused", verdict="still_alive")
    assert told()[0]["left"] == 1
