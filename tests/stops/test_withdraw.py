"""What is queued is taken back: when a run is cancelled, and when the person may not stop any more."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction

from connections.audit.origin import Origin
from connections.evidence.archive import export
from connections.evidence.verify_evidence import check
from connections.models import AuditEvent, Connection, StopRun
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.stops import control
from connections.stops.worker import withdraw
from connections.stops.worker.loop import Drain
from tests.stops.test_drain import lines, start_run, states
from tests.support.books import in_the_database

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
OpenConnections = Callable[..., list[Connection]]


def sweep(run: StopRun) -> None:
    drain = Drain()
    while run.items.unfinished().exists():
        drain.step(0.05)


def test_nothing_is_sent_for_a_person_who_was_deactivated(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(3)
    run = start_run(alice)
    User.objects.update(is_active=False)
    sweep(run)
    assert states(run) == {"skipped": 3}
    assert sandbox.log.rows("device/connect/stop") == []


@pytest.mark.parametrize("kept", ["", "view_connection", "stop_connection"])
def test_nothing_is_sent_for_a_person_who_may_not_look_or_not_stop_any_more(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, kept: str
) -> None:
    open_connections(3)
    run = start_run(alice)
    alice.groups.clear()
    alice.user_permissions.set(Permission.objects.filter(codename=kept))
    withdraw.skip_what_is_not_allowed([run.pk])
    assert {*run.items.values_list("state", "skipped_why")} == {("skipped", "not_allowed")}
    assert [line["why"] for line in lines("stop.skipped")] == ["not_allowed"] * 3
    assert {*Connection.objects.values_list("status", flat=True)} == {"active"}


def test_what_may_have_happened_ends_unknown_for_a_person_who_may_not_stop_any_more_and_its_line_says_so(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(1)
    sandbox.faults.add(FaultRule("empty", applied=False))
    run = start_run(alice)
    drain = Drain()
    while not run.items.queued().filter(unclear_attempt=1).exists():
        drain.step(0.05)
    alice.groups.clear()
    withdraw.skip_what_is_not_allowed([run.pk])
    assert run.items.get().state == "unknown"
    told = [(line["action"], line.get("item_outcome"), line.get("why")) for line in in_the_database()][-2:]
    assert told == [("stop.answered", None, None), ("stop.skipped", "unknown", "not_allowed")]
    with export(run, alice, Origin("web")) as file, zipfile.ZipFile(file) as archive:
        evidence = check({name: archive.read(name) for name in archive.namelist()})
        page = archive.read("evidence.html").decode()
    assert [item["outcome"] for item in evidence["items"]] == ["unknown"]
    assert "not allowed" in page


def test_a_large_cancellation_is_carried_out_a_chunk_at_a_time(
    alice: User, open_connections: OpenConnections, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdraw, "CHUNK", 4)
    open_connections(10)
    run = start_run(alice)
    StopRun.objects.update(cancelled_at="2026-01-01T00:00Z")
    left = []
    for _ in range(3):
        withdraw.go_on_cancelling()
        left.append(run.items.queued().count())
    assert left == [6, 2, 0]


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one lock for all")
def test_what_is_claimed_while_a_cancellation_comes_is_announced_before_it(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    known = open_connections(3)
    run = start_run(alice)
    drain = Drain()
    while not (lines := drain._lines._lines) or next(iter(lines.values())).needs_sign_in:
        drain.step(0.05, claiming=not lines)
    held, let_go = threading.Event(), threading.Event()

    def hold_one() -> None:
        with transaction.atomic():
            Connection.objects.select_for_update().get(pk=known[0].pk)
            held.set()
            let_go.wait(10)
        connection.close()

    def work() -> None:
        drain.step(0.05)
        connection.close()

    holder, worker = threading.Thread(target=hold_one), threading.Thread(target=work)
    holder.start()
    held.wait()
    worker.start()
    threading.Timer(0.5, let_go.set).start()
    control.cancel(run, alice, Origin("web"))
    for thread in (holder, worker):
        thread.join()
    cancelled = AuditEvent.objects.get(action="run.cancelled").seq
    assert not AuditEvent.objects.filter(action="stop.sent", seq__gt=cancelled).exists()
