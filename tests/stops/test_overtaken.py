"""Workers that were held for dead, answers that come late, and claims that nobody heard of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection, models, transaction
from pytest_django import Settings

from connections.audit.append import append
from connections.models import Account, Connection, StopItem, StopRun, Worker
from connections.models.accounts import lock_accounts
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.stops import plan
from connections.stops.worker.claim import OF_CONNECTION, OF_ITEM, claim, lock_runs
from connections.stops.worker.loop import Drain
from connections.stops.worker.recover import recover_dead_claims
from tests.stops.test_drain import kill, lines, start_run

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]


def test_a_worker_that_was_held_for_dead_is_alive_again_when_it_goes_on(sandbox: Sandbox) -> None:
    frozen, other = Drain(), Drain()
    kill(frozen)
    while not Worker.objects.exclude(ended_at=None).exists():
        other.step(0.02)
    for _ in range(20):
        frozen.step(0.02)
    assert Worker.objects.alive().filter(pk=frozen.worker.pk).exists()


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one lock for all")
def test_a_selection_does_not_wait_for_a_worker_that_holds_the_account(
    alice: User, account: Account, make_connection: Callable[..., Connection]
) -> None:
    make_connection()
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            lock_accounts([account.pk])
            held.set()
            let_go.wait(5)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    plan.draft(alice, Connection.objects.all(), {})
    still_held = not let_go.is_set() and holder.is_alive()
    let_go.set()
    holder.join()
    assert still_held


def test_a_late_answer_leaves_the_next_attempt_of_the_same_worker_in_flight(
    alice: User, sandbox: Sandbox, open_connections: Callable[..., list[Connection]]
) -> None:
    open_connections(1)
    sandbox.faults.add(FaultRule("delay", times=1, delay_s=1.0), FaultRule("delay", times=1, delay_s=1.9))
    run = start_run(alice)
    frozen, other = Drain(), Drain()
    while not frozen._in_flight:
        frozen.step(0.02)
    kill(frozen)
    while run.items.sending().exists():
        other.step(0.02, claiming=False)
    run.items.update(not_before=None)
    while run.items.unfinished().exists():
        frozen.step(0.02)
    assert ["died" in str(line.get("upstream_reason")) for line in lines("stop.answered")].count(True) == 1


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one lock for all")
def test_a_claim_that_changed_hands_while_recovery_looked_is_left_to_its_new_worker(
    alice: User, make_connection: Callable[..., Connection]
) -> None:
    make_connection()
    run, dead, living, me = start_run(alice), Drain(), Drain(), Drain()
    kill(dead)
    run.items.update(state="sending", worker=dead.worker, attempts=1)

    def change_hands() -> None:
        run.items.update(worker=living.worker, attempts=2)
        connection.close()

    def before_the_lock(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if "FOR NO KEY UPDATE" in sql:
            other = threading.Thread(target=change_hands)
            other.start()
            other.join()
        return execute(sql, params, many, context)

    with transaction.atomic(), connection.execute_wrapper(before_the_lock):
        assert recover_dead_claims(me.worker, set()) == []
    assert (run.items.get().state, run.items.get().worker) == ("sending", living.worker)


def test_a_claim_whose_commit_was_not_heard_of_is_withdrawn_and_proves_nothing(
    alice: User, sandbox: Sandbox, make_connection: Callable[..., Connection]
) -> None:
    make_connection(device_address=next(iter(sandbox.call(lambda: list(sandbox.server.world.services)))))
    run, drain = start_run(alice), Drain()
    with transaction.atomic():
        account = lock_accounts([run.items.get().account_id]).popitem()[1]
        append(claim(account, [*lock_runs([run.pk]).values()], drain.worker, 1)[1])
    while run.items.unfinished().exists():
        drain.step(0.02)
    assert [line["why"] for line in lines("stop.withdrawn")] == ["the database broke off before it could be sent"]
    assert (run.items.get().state, run.items.get().attempts) == ("refused", 1)


def test_an_answer_that_is_kept_when_the_worker_ends_is_written(
    alice: User, sandbox: Sandbox, open_connections: Callable[..., list[Connection]]
) -> None:
    open_connections(1)
    run, drain = start_run(alice), Drain()
    while not drain._in_flight:
        drain.step(0.02)
    while not drain._inbox.unrecorded:
        drain._inbox.collect(0.02, fill=0)
    drain._finish()
    assert run.items.get().state == "stopped"


def test_a_call_that_breaks_off_on_our_side_is_unknown_and_sent_again(
    alice: User,
    sandbox: Sandbox,
    open_connections: Callable[..., list[Connection]],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where a machine allows no further thread."""
    settings.STOP_CONNECT_TIMEOUT = settings.STOP_READ_TIMEOUT = 0.5
    of_other_tests = {*threading.enumerate()}
    known, drain = open_connections(2), Drain()
    finish(start_run(alice, known[:1]), drain)
    while any(one.name == "remoteit-deadlines" for one in {*threading.enumerate()} - of_other_tests):
        time.sleep(0.05)
    started, refusals = threading.Thread.start, iter([True])

    def start(thread: threading.Thread) -> None:
        if thread.name == "remoteit-deadlines" and next(refusals, False):
            raise RuntimeError("can't start new thread")
        started(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    finish(run := start_run(alice, known[1:]), drain)
    told = [(line["outcome"], line.get("upstream_reason")) for line in reversed(lines("stop.answered"))]
    assert told == [("stopped", None), ("unknown", "the call broke off on our side: RuntimeError"), ("stopped", None)]
    assert run.items.get().state == "stopped"


def finish(run: StopRun, drain: Drain) -> None:
    while run.items.unfinished().exists():
        drain.step(0.02)


@pytest.mark.parametrize(("model", "columns"), [(StopItem, OF_ITEM), (Connection, OF_CONNECTION)])
def test_what_a_claim_reads_stands_in_the_order_of_the_model(
    model: type[models.Model], columns: tuple[str, ...]
) -> None:
    assert columns == tuple(one.attname for one in model._meta.concrete_fields if one.attname in columns)


def test_what_waited_while_the_lease_ran_out_is_not_sent_when_the_worker_goes_on(
    alice: User, sandbox: Sandbox, open_connections: Callable[[int], list[Connection]], settings: Settings
) -> None:
    settings.STOP_CONCURRENCY, settings.STOP_READ_TIMEOUT = 1, 10
    open_connections(2)
    sandbox.faults.add(FaultRule("delay", times=1, delay_s=3))
    run, frozen = start_run(alice), Drain()
    while run.items.sending().count() < 2:
        frozen.step(0.02)
    time.sleep(settings.WORKER_LEASE_SECONDS + 0.2)
    while run.items.unfinished().exists():
        frozen.step(0.02)
    assert [line["why"] for line in lines("stop.withdrawn")] == ["the worker lost its lease"]


@pytest.mark.slow
def test_what_waits_behind_a_long_call_is_sent_while_the_worker_lives(
    alice: User, sandbox: Sandbox, open_connections: Callable[[int], list[Connection]], settings: Settings
) -> None:
    settings.STOP_CONCURRENCY, settings.STOP_READ_TIMEOUT = 1, 10
    open_connections(2)
    sandbox.faults.add(FaultRule("delay", times=1, delay_s=settings.WORKER_LEASE_SECONDS + 0.5))
    run, drain = start_run(alice), Drain()
    while run.items.unfinished().exists():
        drain.step(0.02)
    assert lines("stop.withdrawn") == []
