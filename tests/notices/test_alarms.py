"""What is wrong is told when it begins and when it is over, to whom it concerns, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.utils import timezone

from connections.models import Account, Alarm, AuditEvent, AuditVerification, Ceiling, Connection, Notice, Worker
from connections.notices import alarms, people
from connections.notices.endings import tell_endings
from connections.notices.outbox import fill
from connections.stops import approvals, control, plan
from connections.words.telling.notices import sentence
from tests.conftest import make_user
from tests.support.people import grant
from tests.support.runs import WEB, put, start_run

pytestmark = [pytest.mark.both, pytest.mark.django_db]
MakeConnection = Callable[..., Connection]


@pytest.fixture(autouse=True)
def begun(db: None) -> None:
    fill(people.CHANNEL)  # what was before is not told


def look() -> None:
    """One turn of the courier, for people."""
    tell_endings()
    alarms.watch()
    fill(people.CHANNEL)


def told(user: User) -> list[str]:
    look()
    return [sentence(one.kind, one.facts) for one in Notice.objects.filter(user=user).order_by("pk")]


def test_what_came_back_is_told_to_whose_run_it_was(alice: User, bob: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    newcomer = make_connection()
    put(run.items.get().connection, "stopped", verdict="came_back", came_back_as=newcomer.connection_id)
    assert told(alice) == [f"1 connection came back after run {run.pk}"]
    assert told(bob) == []
    assert len(told(alice)) == 1


def test_a_notice_closes_by_itself_and_keeps_its_trace(alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    put(run.items.get().connection, "refused", verdict="still_alive")
    look()
    notice = Notice.objects.get(user=alice)
    assert notice.is_open
    Connection.objects.update(status="ended")
    look()
    notice = Notice.objects.get(user=alice)
    assert (notice.is_open, notice.read_at) == (False, None)
    lines = AuditEvent.objects.filter(action__startswith="alarm.").order_by("seq")
    assert [line.action for line in lines] == ["alarm.raised", "alarm.cleared"]


def test_a_run_that_left_nothing_is_told_as_ended(alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    put(run.items.get().connection, "stopped", verdict="confirmed_gone")
    Connection.objects.update(status="stopped")
    assert told(alice) == [f"Run {run.pk} ended, and nothing of it is left to do"]


def test_what_waits_for_a_second_person_is_told_to_who_may_decide(
    alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    lead = make_user("lead", "Operators")
    grant(lead, "approve_runs")
    Ceiling.objects.create(per_run=1, made_by=admin_user)
    made = [make_connection().pk for _number in range(2)]
    run = plan.draft(alice, Connection.objects.filter(pk__in=made), {})
    with pytest.raises(plan.NeedsApproval) as waits:
        plan.start(run.key, alice, reason="leaked login", origin=WEB)
    assert told(lead) == [f"Run {run.pk} waits for a second person: alice asked"]
    assert told(alice) == []
    approvals.deny(waits.value.approval, lead, note="the wrong plant", origin=WEB)
    assert told(alice) == [f"lead decided about run {run.pk}: denied"]
    assert not Alarm.objects.open().exists()


def test_whose_run_was_taken_over_is_told(alice: User, bob: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    grant(bob, "view_connection", "stop_connection", "manage_runs")
    control.take_over(run, bob, WEB)
    assert told(alice) == [f"bob took over your run {run.pk}"]


def test_an_account_that_is_not_read_is_told_after_a_while_and_not_to_who_may_not_know_of_it(
    alice: User, account: Account
) -> None:
    outsider = make_user("outsider")
    now = timezone.now()
    lately = {"listed_at": now, "completely_listed_at": now - timedelta(seconds=60), "list_why": "HTTP 401"}
    Account.objects.filter(pk=account.pk).update(**lately)
    assert told(alice) == []
    Account.objects.filter(pk=account.pk).update(completely_listed_at=now - timedelta(minutes=3))
    assert told(alice) == [f"The list of {account} isn't read any more"]
    assert told(outsider) == []


def test_a_history_that_does_not_hold_is_told_to_who_reads_all_of_it(alice: User, carol: User) -> None:
    AuditVerification.objects.create(at=timezone.now(), fault_count=1, faults=["event 3 was altered"])
    assert told(carol) == ["The history does not hold"]
    assert told(alice) == []


def test_a_time_without_a_worker_is_told_once_one_is_back(alice: User) -> None:
    gone = Worker.objects.create(host="panel", pid=1, beat_at=timezone.now() - timedelta(minutes=5))
    Worker.objects.filter(pk=gone.pk).update(started_at=timezone.now() - timedelta(hours=1))
    Worker.objects.create(host="panel", pid=2, beat_at=Now())
    alarms.tell_of_gap()
    alarms.tell_of_gap()
    assert told(alice) == ["No worker was alive for a while, so nothing was sent"]
    assert not Alarm.objects.open().exists()


def test_what_is_out_of_sight_is_out_of_the_bell(alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    stranger = make_user("stranger")
    Notice.objects.create(user=stranger, kind="ended", seq=1, at=timezone.now(), run=run)
    assert not Notice.objects.of(stranger).exists()
    assert Notice.objects.filter(user=stranger).exists()


def test_a_decision_to_leave_it_closes_the_notice(alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    put(run.items.get().connection, "refused", verdict="still_alive")
    look()
    assert Alarm.objects.open().count() == 1
    control.leave(run, alice, WEB, reason="it is the customer's own", what="1 open", items=run.items.all())
    look()
    assert not Alarm.objects.open().exists()
