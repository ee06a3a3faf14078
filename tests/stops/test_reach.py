"""While remote.it can't be reached at all, what is queued waits, costs no attempts and goes on by itself."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from connections.audit.origin import Origin
from connections.audit.verify import verify
from connections.models import Account, AuditEvent, Connection, StopRun
from connections.remoteit import Answer, Cause, Outcome
from connections.sandbox import Sandbox
from connections.stops import control, plan, reach
from connections.stops.attempt import Answered, Claim
from connections.stops.worker.loop import Drain
from connections.stops.worker.retry import WAIT, decide

pytestmark = [pytest.mark.both, pytest.mark.django_db]
OpenConnections = Callable[..., list[Connection]]
WEB = Origin("web")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "FIRST_TRY_S", 0.05)
    monkeypatch.setattr(reach, "LONGEST_TRY_S", 0.1)


@pytest.fixture
def drain(transactional_db: None, quick: None) -> Iterator[Drain]:
    worker = Drain()
    yield worker
    worker._finish()


def shut(sandbox: Sandbox) -> None:
    """From now on every connection to remote.it is refused: no byte leaves."""
    sandbox.call(sandbox.server.close)


def open_again(sandbox: Sandbox) -> None:
    port = int(sandbox.base_url.rpartition(":")[2])
    asyncio.run_coroutine_threadsafe(sandbox.server.start("127.0.0.1", port), sandbox.loop).result()


def start(user: User) -> StopRun:
    run = plan.draft(user, Connection.objects.order_by("pk"), {})
    return plan.start(run.key, user, reason="incident 7", origin=WEB)


def turn_until(drain: Drain, is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        drain.step(0.02)


def states(run: StopRun) -> Counter[str]:
    return Counter(run.items.values_list("state", flat=True))


def is_unreachable() -> bool:
    return Account.objects.get().is_unreachable


def answered(account: Account, outcome: Outcome, cause: Cause = Cause.NONE, status: int | None = None) -> Answered:
    item = plan.StopItem(account=account, sent_at=timezone.now())
    return Answered(Claim(item), Answer(outcome, cause, status, "why", 1))


def unreached(account: Account) -> Answered:
    return answered(account, Outcome.FAILED, Cause.REACH)


def test_two_calls_that_did_not_leave_may_be_chance(account: Account) -> None:
    reach.note(account, [unreached(account)] * 2)
    assert not account.is_unreachable


def test_a_row_of_calls_that_did_not_leave_is_an_outage(account: Account) -> None:
    reach.note(account, [unreached(account)] * 2)
    reach.note(account, [unreached(account)])
    account.refresh_from_db()
    assert (account.is_unreachable, account.unreached_calls, account.unreached_why) == (True, 3, "why")


def test_an_answer_among_them_begins_the_row_anew(account: Account) -> None:
    good = answered(account, Outcome.REFUSED, status=401)
    reach.note(account, [unreached(account), unreached(account), good, unreached(account), unreached(account)])
    assert (account.is_unreachable, account.unreached_calls) == (False, 2)


def test_what_left_before_and_broke_does_not_show_that_it_can_be_reached(account: Account) -> None:
    old = answered(account, Outcome.UNKNOWN)
    reach.note(account, [*[unreached(account)] * 3, old])
    assert account.is_unreachable


def test_what_left_since_shows_that_it_can_be_reached(account: Account) -> None:
    reach.note(account, [unreached(account)] * 3)
    reach.note(account, [answered(account, Outcome.UNKNOWN)])
    account.refresh_from_db()
    assert (account.is_unreachable, account.unreached_since) == (False, None)


def test_an_attempt_of_an_outage_is_free_and_other_failures_are_not() -> None:
    now = timezone.now()
    no_way = Answer(Outcome.FAILED, Cause.REACH, None, "", 1)
    other = Answer(Outcome.FAILED, Cause.NONE, None, "", 1)
    facts = {"attempt": 4, "max_attempts": 4, "limits": 0, "jitter": 0.5, "now": now}
    assert decide(no_way, **facts, unreachable=True) == WAIT  # type: ignore[arg-type]
    assert decide(other, **facts, unreachable=True).retry_in is None  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_an_outage_in_the_middle_of_a_run_uses_up_no_attempts(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, drain: Drain, settings: Settings
) -> None:
    settings.STOP_CONCURRENCY = 4
    open_connections(40)
    run = start(alice)
    turn_until(drain, lambda: states(run)["stopped"] >= 3)
    shut(sandbox)
    turn_until(drain, is_unreachable)
    turn_until(drain, lambda: Account.objects.get().unreached_calls > 8)
    assert not run.items.filter(state="failed").exists()
    open_again(sandbox)
    turn_until(drain, lambda: not run.items.unfinished().exists())
    assert set(states(run)) <= {"stopped", "already_gone", "unknown"}
    assert not is_unreachable()
    cut = [json.loads(row["body"])["connectionid"] for row in sandbox.log.rows("device/connect/stop") if row["applied"]]
    assert len(cut) == len({*cut})
    assert [fault for fault in verify().faults if "trigger" not in fault] == []


@pytest.mark.django_db(transaction=True)
def test_while_it_cannot_be_reached_one_stop_tries_for_all(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, drain: Drain
) -> None:
    open_connections(30)
    shut(sandbox)
    run = start(alice)
    turn_until(drain, is_unreachable)
    turn_until(drain, lambda: not run.items.sending().exists())
    before = Account.objects.get().unreached_calls
    sent = AuditEvent.objects.filter(action="stop.sent").count()
    turn_until(drain, lambda: Account.objects.get().unreached_calls >= before + 3)
    assert AuditEvent.objects.filter(action="stop.sent").count() - sent <= 4


@pytest.mark.django_db(transaction=True)
def test_what_waits_can_be_cancelled(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, drain: Drain
) -> None:
    open_connections(5)
    shut(sandbox)
    run = start(alice)
    turn_until(drain, is_unreachable)
    turn_until(drain, lambda: not run.items.sending().exists())
    control.cancel(run, alice, WEB)
    assert states(run) == {"cancelled": 5}
    assert set(Connection.objects.values_list("status", flat=True)) == {"active"}


@pytest.mark.django_db(transaction=True)
def test_after_the_longest_wait_it_has_failed_and_says_since_when(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, drain: Drain
) -> None:
    open_connections(5)
    shut(sandbox)
    run = start(alice)
    turn_until(drain, is_unreachable)
    control.wait_at_most(run, alice, WEB, 1)
    StopRun.objects.update(started_at=timezone.now() - timedelta(minutes=10))
    Account.objects.update(unreached_since=timezone.now() - timedelta(minutes=5))
    turn_until(drain, lambda: not run.items.unfinished().exists())
    assert states(run) == {"failed": 5}
    assert all("could not be reached from" in item.upstream_reason for item in run.items.all())
    assert set(Connection.objects.values_list("status", flat=True)) == {"active"}
    StopRun.objects.update(started_at=AuditEvent.objects.get(action="stop.requested").at)
    assert [fault for fault in verify().faults if "trigger" not in fault] == []
