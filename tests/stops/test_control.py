from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from connections.audit.origin import Origin
from connections.models import AuditEvent, Connection, StopRun
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.stops import control, plan
from connections.stops.control import NotAllowed
from connections.stops.worker.loop import Drain
from tests.stops.test_drain import finish, start_run, states

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
OpenConnections = Callable[..., list[Connection]]
WEB = Origin("web")


def steps(drain: Drain, count: int = 5) -> None:
    for _ in range(count):
        drain.step(0.02)


def test_a_paused_run_sends_nothing_more(alice: User, sandbox: Sandbox, open_connections: OpenConnections) -> None:
    open_connections(3)
    run = start_run(alice)
    control.pause(run, alice, WEB)
    steps(Drain())
    assert states(run) == {"queued": 3}
    assert sandbox.log.rows() == []


def test_a_resumed_run_goes_on(alice: User, sandbox: Sandbox, open_connections: OpenConnections) -> None:
    open_connections(3)
    run = start_run(alice)
    control.pause(run, alice, WEB)
    control.resume(run, alice, WEB)
    finish(run)
    assert states(run) == {"stopped": 3}


def test_cancelling_withdraws_what_was_not_sent(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(3)
    run = start_run(alice)
    control.cancel(run, alice, WEB)
    assert states(run) == {"cancelled": 3}
    assert set(Connection.objects.values_list("status", flat=True)) == {"active"}


def test_cancelling_can_not_undo_what_may_have_happened(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(1)
    sandbox.faults.add(FaultRule("reset_after"))
    run = start_run(alice)
    drain = Drain()
    while not run.items.queued().filter(attempts=1).exists():
        drain.step(0.02)
    control.cancel(run, alice, WEB)
    assert states(run) == {"unknown": 1}
    assert Connection.objects.get().status == "unknown"


def test_a_worker_carries_out_a_cancellation_that_was_left_half_done(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(3)
    run = start_run(alice)
    StopRun.objects.update(cancelled_at="2026-01-01T00:00Z")
    finish(run)
    assert states(run) == {"cancelled": 3}


def test_running_again_covers_only_what_is_not_gone(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    one, *_ = open_connections(3)
    Connection.objects.filter(pk=one.pk).update(device_address="80:00:00:00:FF:FF:FF:FF")
    run = start_run(alice)
    finish(run)
    draft = control.again(run, alice)
    assert [item.connection_id for item in draft.items.all()] == [one.pk]
    assert (draft.parent, draft.reason, draft.ticket) == (run, "incident 7", "INC-7")


@pytest.mark.parametrize("wish", [control.pause, control.cancel])
def test_a_run_that_is_over_can_not_be_steered(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, wish: Callable[..., None]
) -> None:
    open_connections(1)
    run = start_run(alice)
    finish(run)
    with pytest.raises(NotAllowed, match="over"):
        wish(run, alice, WEB)


@pytest.mark.parametrize("wish", [control.pause, control.cancel])
def test_another_operator_can_not_steer_it(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, wish: Callable[..., None]
) -> None:
    open_connections(1)
    run = start_run(alice)
    other = User.objects.create_user("other")
    other.groups.set(alice.groups.all())
    with pytest.raises(NotAllowed):
        wish(run, other, WEB)
    assert not AuditEvent.objects.filter(action__startswith="run.").exists()


def test_pausing_twice_says_so_and_is_written_once(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(1)
    run = start_run(alice)
    control.pause(run, alice, WEB)
    with pytest.raises(NotAllowed, match="already"):
        control.pause(run, alice, WEB)
    assert AuditEvent.objects.filter(action="run.paused").count() == 1


def test_what_another_run_left_unsent_can_be_stopped_by_a_new_one(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(2)
    first = start_run(alice)
    control.cancel(first, alice, WEB)
    second = plan.draft(alice, Connection.objects.all(), {})
    assert states(second) == {"queued": 2}
