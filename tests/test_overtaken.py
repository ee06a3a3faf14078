"""Workers that were held for dead, and answers that come late."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from connections.models import Account, Connection, Worker
from connections.sandbox.faults import FaultRule
from connections.stops import plan
from connections.stops.account_pace import lock_accounts
from connections.stops.drain import Drain
from tests.test_drain import kill, lines, start_run

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_that_was_held_for_dead_is_alive_again_when_it_goes_on(sandbox: object) -> None:
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
    alice: User, sandbox: object, open_connections: Callable[..., list[Connection]]
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
