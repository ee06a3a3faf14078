"""How workers share an account's concurrency: equally, and together never more than it has."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from pytest_django import Settings

from connections.models import Account, Connection, StopItem, StopRun, Worker
from connections.models.accounts import lock_accounts
from connections.sandbox import Sandbox
from connections.stops.attempt import Claim
from connections.stops.worker.loop import Drain
from connections.stops.worker.senders import SendingThreads
from connections.stops.worker.shares import Share, take_share
from tests.stops.test_drain import start_run, states
from tests.stops.test_worker import is_finished, wait_until

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
OpenConnections = Callable[..., list[Connection]]
CONCURRENCY = 8


@pytest.fixture(autouse=True)
def _concurrency(settings: Settings) -> None:
    settings.STOP_CONCURRENCY = CONCURRENCY


@pytest.fixture
def run(alice: User, make_connection: Callable[..., Connection]) -> StopRun:
    """40 queued items, to be claimed."""
    for _ in range(40):
        make_connection()
    return start_run(alice)


class Sender:
    """A worker, as far as sharing goes."""

    def __init__(self) -> None:
        self.worker = Worker.objects.create(host="host", pid=1, beat_at=Now())
        self.threads = SendingThreads("test")

    def take(self, workers: int) -> Share:
        with transaction.atomic():
            account = lock_accounts(Account.objects.values_list("pk", flat=True)).popitem()[1]
            return take_share(account, self.worker, self.threads, workers=workers)

    def has(self, claims: int) -> None:
        StopItem.objects.filter(worker=self.worker).update(state="queued", worker=None)
        some = StopItem.objects.queued().order_by("pk")[:claims]
        StopItem.objects.filter(pk__in=[*some.values_list("pk", flat=True)]).update(state="sending", worker=self.worker)

    @property
    def under_way(self) -> int:
        return self.threads.lower_limit(CONCURRENCY)


def recorded(one: Sender) -> object:
    return Account.objects.get().shares[str(one.worker.pk)]


def test_who_is_alone_has_all_and_claims_ahead(run: StopRun) -> None:
    assert Sender().take(workers=1) == Share(at_once=8, to_claim=24)


def test_what_it_has_claimed_is_not_claimed_once_more(run: StopRun) -> None:
    one = Sender()
    one.take(workers=1)
    one.has(claims=11)
    assert one.take(workers=1) == Share(at_once=8, to_claim=13)


def test_who_comes_later_waits_until_the_first_gives_up_its_half(run: StopRun) -> None:
    first, second = Sender(), Sender()
    first.take(workers=1)
    first.has(claims=16)
    assert second.take(workers=2) == Share(0, 0)
    assert first.take(workers=2) == Share(4, 0)
    assert second.take(workers=2) == Share(4, 12)


def test_three_have_all_of_it_between_them(run: StopRun) -> None:
    shares = []
    for one in (Sender(), Sender(), Sender()):
        shares.append(one.take(workers=3).at_once)
        one.has(claims=1)
    assert shares == [3, 3, 2]


def test_a_share_counts_only_while_its_worker_has_claims(run: StopRun) -> None:
    idle, busy = Sender(), Sender()
    idle.take(workers=1)
    assert busy.take(workers=1).at_once == 8
    busy.has(claims=1)
    assert idle.take(workers=1).at_once == 0


def test_who_is_left_alone_has_all_again(run: StopRun) -> None:
    one, other = Sender(), Sender()
    for sender in (one, other):
        sender.take(workers=2)
        sender.has(claims=4)
    other.has(claims=0)
    assert one.take(workers=1) == Share(8, 20)


def test_a_worker_of_an_earlier_version_counts_for_what_it_has_claimed(run: StopRun) -> None:
    earlier, later = Sender(), Sender()
    earlier.has(claims=6)
    assert later.take(workers=2).at_once == 2


def test_what_is_under_way_counts_until_it_has_come_to_its_end(run: StopRun) -> None:
    first, second, ended = Sender(), Sender(), threading.Semaphore(0)
    first.threads.allow(first.take(workers=1).at_once)
    first.threads.send([Claim(StopItem(run_id=1))] * 6, lambda _claim: ended.acquire())  # type: ignore[func-returns-value]
    first.has(claims=6)
    wait_until(lambda: first.under_way == 6)
    assert first.take(workers=2).at_once == 4
    assert (recorded(first), second.take(workers=2).at_once) == (6, 2)
    ended.release(3)
    wait_until(lambda: first.under_way == 3)
    first.take(workers=2)
    assert (recorded(first), second.take(workers=2).at_once) == (4, 4)
    ended.release(3)


@pytest.mark.slow
def test_two_workers_share_a_run_and_never_send_more_at_once_than_the_account_allows(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(150)
    sandbox.set(latency_ms=50)
    run, first, most = start_run(alice), Drain(), [0, 0]
    while not first._in_flight:
        first.step(0.02)
    drains = (first, Drain())
    while not is_finished(run):
        for n, drain in enumerate(drains):
            drain.step(0.01)
            most[n] = max(most[n], len(drain._in_flight))
    assert states(run) == {"stopped": 150}
    assert sandbox.call(lambda: sandbox.server.in_flight_peak) == CONCURRENCY
    assert most == [3 * CONCURRENCY, 3 * CONCURRENCY // 2]
