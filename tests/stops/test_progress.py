from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from connections.models import Account, Connection, StopItem
from connections.stops.progress.progress import read_progress
from connections.stops.progress.tally import tallies
from tests.support.runs import living_worker, put, start_run, started_ago

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]


def test_it_counts_what_is_answered(alice: User, make_connection: MakeConnection) -> None:
    stopped, gone, refused, unknown, sending, queued = (make_connection() for _ in range(6))
    run = start_run(alice, stopped, gone, refused, unknown, sending, queued)
    put(stopped, "stopped")
    put(gone, "already_gone")
    put(refused, "refused")
    put(unknown, "unknown")
    put(sending, "sending", answered_at=None)
    tally = read_progress(run).tally
    assert (tally.answered, tally.total, tally.left, tally.not_stopped, tally.unknown) == (4, 6, 2, 1, 1)


def test_what_a_list_says_counts_more_than_the_answer(alice: User, make_connection: MakeConnection) -> None:
    gone, alive, refused = (make_connection() for _ in range(3))
    run = start_run(alice, gone, alive, refused)
    put(gone, "refused", verdict="confirmed_gone")
    put(alive, "stopped", verdict="still_alive")
    put(refused, "refused", verdict="unverified")
    tally = read_progress(run).tally
    assert (tally.not_stopped, tally.confirmed_gone, tally.unconfirmed) == (2, 1, 0)
    assert (tally.refused_or_failed, tally.cut) == (2, 1)


def test_an_answer_after_which_it_tries_again_is_not_counted(alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "queued", upstream_status=429)
    tally = read_progress(run).tally
    assert (tally.answered, tally.again, tally.recent) == (0, 1, 0)


def test_skipped_items_are_not_part_of_the_total(alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection(), make_connection(status="ended"))
    assert read_progress(run).tally.total == 1


def test_the_rate_counts_the_answers_of_the_last_seconds(alice: User, make_connection: MakeConnection) -> None:
    old, fresh, queued = make_connection(), make_connection(), make_connection()
    run = start_run(alice, old, fresh, queued)
    started_ago(run, 100)
    living_worker()
    put(old, "stopped", after_s=50)
    put(fresh, "stopped", after_s=99)
    progress = read_progress(run)
    assert (progress.rate, progress.seconds_left) == (0.1, 10)


def test_without_recent_answers_it_does_not_say_how_long(alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    assert read_progress(run).seconds_left is None


def test_a_paused_account_says_until_when_and_why(
    alice: User, account: Account, make_connection: MakeConnection
) -> None:
    living_worker()
    run = start_run(alice, make_connection())
    account.paused_until, account.paused_why = timezone.now() + timedelta(minutes=1), "HTTP 429"
    account.save()
    progress = read_progress(run)
    assert progress.paused_accounts == [account]
    assert progress.accounts[0].state == "paused"
    assert progress.seconds_left is None


def test_a_pause_that_is_over_is_none(alice: User, account: Account, make_connection: MakeConnection) -> None:
    living_worker()
    run = start_run(alice, make_connection())
    account.paused_until = timezone.now() - timedelta(seconds=1)
    account.save()
    assert read_progress(run).accounts[0].state == "running"


def test_each_account_is_counted_by_itself(alice: User, make_connection: MakeConnection) -> None:
    other = Account.objects.create(name="field-ops")
    mine, theirs = make_connection(), make_connection(account=other)
    run = start_run(alice, mine, theirs)
    put(theirs, "stopped")
    parts = {part.account.name: part for part in read_progress(run).accounts}
    assert (parts["default"].tally.answered, parts["field-ops"].tally.answered) == (0, 1)
    assert parts["field-ops"].state == "done"


def test_without_a_living_worker_it_waits(alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    assert read_progress(run).state == "waiting"
    living_worker()
    assert read_progress(run).state == "running"


def test_it_is_done_when_nothing_is_left(alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "unknown")
    assert (read_progress(run).state, read_progress(run).final) == ("done", True)


def test_a_cancelled_run_says_so(alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    run.cancelled_at = timezone.now()
    put(one, "cancelled", sent_at=None, answered_at=None)
    assert read_progress(run).state == "cancelled"


def test_time_to_answer_is_measured_from_the_click(alice: User, make_connection: MakeConnection) -> None:
    connections = [make_connection() for _ in range(20)]
    run = start_run(alice, *connections)
    for second, connection in enumerate(connections, start=1):
        put(connection, "stopped", after_s=second)
    time = read_progress(run).time_to_answer
    assert time is not None
    assert (time.count, time.p50, time.p95, time.last) == (20, 10.0, 19.0, 20.0)


def test_time_to_answer_leaves_out_what_was_not_cut(alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "refused")
    assert read_progress(run).time_to_answer is None


def test_the_number_of_queries_does_not_grow_with_the_items(
    alice: User, make_connection: MakeConnection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    connections = [make_connection() for _ in range(30)]
    run = start_run(alice, *connections)
    StopItem.objects.filter(pk__lte=run.items.order_by("pk")[14].pk).update(state="stopped", answered_at=timezone.now())
    living_worker()  # without one it is tried whether the database can be written
    with django_assert_max_num_queries(7):
        read_progress(run)


def test_several_runs_are_counted_at_once(alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection()
    first, second = start_run(alice, one), start_run(alice, two)
    put(one, "stopped")
    found = tallies([first, second])
    assert (found[first.pk].answered, found[second.pk].answered) == (1, 0)
