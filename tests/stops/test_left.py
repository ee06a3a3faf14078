"""What a run has left to do is what is open or undecided of it now, not what it once saw."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.utils import timezone

from connections.models import AuditEvent, Connection, StopItem, StopRun
from connections.stops import control, plan
from connections.stops.control import NotAllowed
from connections.stops.progress.left import Standing, handlers, read_left, standings_by_run, waiting_for_somebody
from tests.support.runs import WEB, put, start_run

pytestmark = pytest.mark.django_db
Make = Callable[..., Connection]


def standings(run: StopRun) -> dict[str, int]:
    return {str(one): count for one in Standing if (count := read_left(run).count(one))}


def leave(run: StopRun, user: User) -> int:
    return control.leave(run, user, WEB, reason="a robot of ours", what="all", items=run.items.troubled())


def test_what_is_still_active_is_open(alice: User, make_connection: Make) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "refused")
    assert standings(run) == {"open": 1}


def test_what_has_ended_since_is_not_left(alice: User, make_connection: Make) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "stopped", verdict="still_alive")
    Connection.objects.update(status="ended")
    assert standings(run) == {"ended": 1}
    assert list(standings_by_run(StopRun.objects.all())) == []


def test_what_a_later_run_has_is_that_run_s(alice: User, make_connection: Make) -> None:
    one = make_connection()
    first = start_run(alice, one)
    put(one, "refused")
    second = plan.start(control.again(first, alice).key, alice, reason="again", origin=WEB)
    assert standings(first) == {"again": 1}
    assert [run.pk for run in handlers(first)] == [second.pk]
    second.items.update(state="refused", answered_at=timezone.now())
    found = {(run, standing): count for run, standing, count in standings_by_run(StopRun.objects.all())}
    assert found == {(first.pk, "again"): 1, (second.pk, "open"): 1}


def test_a_run_that_was_cancelled_handled_nothing(alice: User, make_connection: Make) -> None:
    one = make_connection()
    first = start_run(alice, one)
    put(one, "refused")
    second = plan.start(control.again(first, alice).key, alice, reason="again", origin=WEB)
    control.cancel(second, alice, WEB)
    assert standings(first) == {"open": 1}


def test_who_came_back_is_left_while_the_new_one_is_open(alice: User, make_connection: Make) -> None:
    old = make_connection(status="active")
    run = start_run(alice, old)
    put(old, "stopped", verdict="came_back", came_back_as="AB-1", came_back_after_s=9)
    new = make_connection(connection_id="ab-1")
    assert standings(run) == {"back": 1}
    assert list(control.came_back(run)) == [new]
    Connection.objects.filter(pk=new.pk).update(status="ended")
    assert standings(run) == {"ended": 1}


def test_who_came_back_is_handled_by_the_run_that_has_the_new_one(alice: User, make_connection: Make) -> None:
    old = make_connection()
    first = start_run(alice, old)
    put(old, "stopped", verdict="came_back", came_back_as="AB-1", came_back_after_s=9)
    second = start_run(alice, make_connection(connection_id="AB-1"))
    assert standings(first) == {"again": 1}
    assert [run.pk for run in handlers(first)] == [second.pk]


def test_a_decision_with_a_reason_takes_it_off_and_is_told(alice: User, make_connection: Make) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "refused")
    assert leave(run, alice) == 1
    assert standings(run) == {"left": 1}
    line = AuditEvent.objects.get(action="run.left")
    assert '"reason":"a robot of ours"' in line.body
    assert StopItem.objects.get().left_seq == line.seq
    assert not control.left_to_stop(run).exists()


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_decision_needs_a_reason(alice: User, make_connection: Make, reason: str) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "refused")
    with pytest.raises(NotAllowed):
        control.leave(run, alice, WEB, reason=reason, what="all", items=run.items.troubled())
    assert standings(run) == {"open": 1}


def test_who_may_only_look_decides_nothing(alice: User, bob: User, make_connection: Make) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "refused")
    with pytest.raises(NotAllowed):
        leave(run, bob)


def test_a_decision_holds_for_what_was_known_then(alice: User, make_connection: Make) -> None:
    one = make_connection()
    run = start_run(alice, one)
    item = put(one, "stopped", verdict="still_alive", verdict_seq=1)
    leave(run, alice)
    assert standings(run) == {"left": 1}
    make_connection(connection_id="AB-1")
    StopItem.objects.filter(pk=item.pk).update(verdict="came_back", came_back_as="AB-1", verdict_seq=1_000)
    assert standings(run) == {"back": 1}


def test_a_doubt_that_the_next_list_settles_waits_for_nobody(alice: User, make_connection: Make) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "unknown")
    Connection.objects.update(status="unknown")
    assert standings(run) == {"doubt": 1}
    assert not waiting_for_somebody(run.items.all()).exists()
    StopItem.objects.update(verdict="unverified", verdict_why="never_listed")
    assert waiting_for_somebody(run.items.all()).exists()


def test_what_was_cancelled_was_decided_and_is_not_left(alice: User, make_connection: Make) -> None:
    run = start_run(alice, make_connection())
    control.cancel(run, alice, WEB)
    assert standings(run) == {}
    assert control.left_to_stop(run).count() == 1


def test_a_draft_that_was_started_later_is_a_later_run(alice: User, make_connection: Make) -> None:
    one = make_connection()
    draft = plan.draft(alice, Connection.objects.all(), {})
    first = start_run(alice, one)
    StopItem.objects.filter(run=first).update(state="refused", answered_at=timezone.now())
    StopRun.objects.filter(pk=first.pk).update(started_at=timezone.now() - timedelta(minutes=1))
    plan.start(draft.key, alice, reason="again", origin=WEB)
    assert standings(first) == {"again": 1}


@pytest.mark.both
def test_an_index_finds_what_is_left(alice: User, make_connection: Make) -> None:
    explained = StopItem.objects.troubled().filter(run__in=[1]).values("pk").explain()
    assert database.vendor != "sqlite" or "item_troubled" in explained
