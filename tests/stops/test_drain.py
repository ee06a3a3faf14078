"""Runs from the wish to the last answer, against the sandbox, on the real database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from connections.audit.origin import Origin
from connections.audit.verify import verify
from connections.models import Account, AuditEvent, Connection, StopItem, StopRun, Worker
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.stops import plan
from connections.stops.worker.loop import Drain

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
OpenConnections = Callable[..., list[Connection]]


def start_run(user: User, connections: list[Connection] | None = None) -> StopRun:
    chosen = Connection.objects.all()
    if connections is not None:
        chosen = chosen.filter(pk__in=[one.pk for one in connections])
    run = plan.draft(user, chosen.order_by("pk"), {"all": True})
    return plan.start(run.key, user, reason="incident 7", ticket="INC-7", origin=Origin("web"))


def states(run: StopRun) -> Counter[str]:
    return Counter(run.items.values_list("state", flat=True))


def lines(action: str) -> list[dict[str, object]]:
    return [json.loads(body) for body in AuditEvent.objects.filter(action=action).values_list("body", flat=True)]


def test_it_stops_what_is_open_and_says_so(alice: User, sandbox: Sandbox, open_connections: OpenConnections) -> None:
    open_connections(3)
    run = start_run(alice)
    Drain().run_until_idle()
    assert states(run) == {"stopped": 3}
    assert set(Connection.objects.values_list("status", flat=True)) == {"stopped"}
    assert sandbox.world.rows("open") == []


def test_the_requests_that_arrived_are_the_lines_that_were_written(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(40)
    start_run(alice)
    Drain().run_until_idle()
    arrived = sorted(json.loads(row["body"])["connectionid"] for row in sandbox.log.rows("device/connect/stop"))
    assert arrived == sorted(str(line["connection_id"]) for line in lines("stop.sent"))
    assert [fault for fault in verify().faults if "trigger" not in fault] == []


def test_what_two_runs_have_frozen_at_the_same_moment_is_sent_once(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(3)
    drafts = [plan.draft(alice, Connection.objects.order_by("pk"), {}) for _ in range(2)]
    first, second = [plan.start(one.key, alice, reason="incident 7", origin=Origin("web")) for one in drafts]
    Drain().run_until_idle()
    assert len(sandbox.log.rows("device/connect/stop")) == len(lines("stop.sent")) == 3
    assert (states(first), states(second)) == ({"stopped": 3}, {"skipped": 3})


def test_every_line_names_the_person_and_the_run(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(1)
    run = start_run(alice)
    Drain().run_until_idle()
    for line in lines("stop.requested") + lines("stop.sent") + lines("stop.answered"):
        assert (line["actor"], line["run_id"]) == ("alice", run.pk)


def test_it_keeps_the_reason_word_for_word(alice: User, sandbox: Sandbox, open_connections: OpenConnections) -> None:
    open_connections(1)
    Connection.objects.update(device_address="80:00:00:00:FF:FF:FF:FF")
    run = start_run(alice)
    Drain().run_until_idle()
    item = run.items.get()
    assert (item.state, item.upstream_status, item.upstream_reason) == ("refused", 401, "deviceaddress is incorrect")
    assert Connection.objects.get().status == "active"


def test_an_imported_id_that_the_api_does_not_know_is_refused_not_gone(
    alice: User, sandbox: Sandbox, make_connection: Callable[..., Connection]
) -> None:
    make_connection(device_address=next(iter(sandbox.call(lambda: list(sandbox.server.world.services)))))
    run = start_run(alice)
    Drain().run_until_idle()
    assert states(run) == {"refused": 1}


def test_a_listed_connection_that_has_ended_is_already_gone(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(1, known_by="listed")
    sandbox.advance(9 * 3600)
    run = start_run(alice)
    Drain().run_until_idle()
    assert states(run) == {"already_gone": 1}
    assert Connection.objects.get().status == "ended"


def test_after_a_reset_it_asks_again_and_calls_it_gone_possibly_by_us(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(1)
    sandbox.faults.add(FaultRule("reset_after", times=1))
    run = start_run(alice)
    Drain().run_until_idle()
    item = run.items.get()
    assert (item.state, item.attempts, item.unclear_attempt) == ("already_gone", 2, 1)
    assert Connection.objects.get().status == "stopped"
    last = max(lines("stop.answered"), key=lambda line: line["attempt"])  # type: ignore[arg-type, return-value]
    assert last["possibly_by_attempt"] == 1


def test_what_stays_unclear_ends_unknown(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, settings: Settings
) -> None:
    settings.STOP_MAX_ATTEMPTS = 2
    open_connections(1)
    sandbox.faults.add(FaultRule("empty", applied=False))
    run = start_run(alice)
    Drain().run_until_idle()
    assert (states(run), run.items.get().attempts) == ({"unknown": 1}, 2)
    assert Connection.objects.get().status == "unknown"


def test_a_limit_pauses_the_account_and_costs_no_attempt(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, settings: Settings
) -> None:
    settings.STOP_MAX_ATTEMPTS = 1
    open_connections(4)
    sandbox.faults.add(FaultRule("429", times=3, retry_after=1))
    run = start_run(alice)
    Drain().run_until_idle()
    assert states(run) == {"stopped": 4}
    assert "429" in Account.objects.get().paused_why


def test_an_expired_token_is_renewed_by_one_sign_in(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(20)
    sandbox.faults.add(FaultRule("token_expired", times=5))
    run = start_run(alice)
    Drain().run_until_idle()
    assert states(run) == {"stopped": 20}
    assert len(sandbox.log.rows("user/login")) == len(lines("account.sign_in_sent"))


def test_wrong_credentials_send_no_stop_and_say_why(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, settings: Settings
) -> None:
    settings.REMOTEIT_PASSWORD = "wrong"
    open_connections(2)
    run = start_run(alice)
    drain = Drain()
    while not Account.objects.get().paused_why:
        drain.step(0.05)
    assert states(run) == {"queued": 2}
    assert sandbox.log.rows("device/connect/stop") == []
    assert "[0102] The username or password is invalid" in Account.objects.get().paused_why


def test_an_account_without_credentials_waits_and_says_so(
    alice: User, sandbox: Sandbox, make_connection: Callable[..., Connection]
) -> None:
    make_connection(account=Account.objects.create(name="other"))
    run = start_run(alice)
    Drain().step(0.05)
    assert states(run) == {"queued": 1}
    assert "has no remote.it credentials" in Account.objects.get(name="other").paused_why


def test_a_connection_of_two_runs_is_sent_once(
    alice: User, admin_user: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(5)
    draft = plan.draft(admin_user, Connection.objects.all(), {})
    first = start_run(alice)
    second = plan.start(draft.key, admin_user, reason="too", origin=Origin("web"))
    Drain().run_until_idle()
    assert states(first) + states(second) == {"stopped": 5, "skipped": 5}
    assert len(sandbox.log.rows("device/connect/stop")) == 5


def finish(run: StopRun) -> None:
    drain = Drain()
    while run.items.unfinished().exists():
        drain.step(0.05)


def kill(drain: Drain) -> None:
    """As far as the database can tell: no heartbeat any more."""
    Worker.objects.filter(pk=drain.worker.pk).update(beat_at="2020-01-01T00:00Z")


def test_the_claims_of_a_dead_worker_are_found_and_answered(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(3)
    run = start_run(alice)
    sandbox.faults.add(FaultRule("delay", times=3, delay_s=30))
    dead = Drain()
    while not dead._in_flight:
        dead.step(0.05)
    kill(dead)
    finish(run)
    assert states(run) == {"already_gone": 3}
    died = [line for line in lines("stop.answered") if "died" in str(line.get("upstream_reason"))]
    assert [line["outcome"] for line in died] == ["unknown"] * 3
    assert set(StopItem.objects.values_list("unclear_attempt", flat=True)) == {1}


def test_a_late_answer_gets_its_line_and_changes_nothing(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(1)
    run = start_run(alice)
    sandbox.set(latency_ms=300)
    slow = Drain()
    while not slow._in_flight:
        slow.step(0.05)
    kill(slow)
    finish(run)
    before = run.items.values().get()
    while slow._in_flight:
        slow.step(0.05)
    assert run.items.values().get() == before
    assert [line.get("late") for line in lines("stop.answered")].count(True) == 1


def test_a_series_of_the_same_401_has_the_credentials_tried_and_a_no_pauses_the_account(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections, settings: Settings
) -> None:
    settings.STOP_CONCURRENCY = 4
    open_connections(200)
    run = start_run(alice)
    drain = Drain()
    while not run.items.finished().exists():
        drain.step(0.02)
    sandbox.faults.add(FaultRule("401_developerkey", path=None))
    while not Account.objects.get().paused_why:
        drain.step(0.02)
    assert "does not take the credentials: api key failed validation" in Account.objects.get().paused_why
    assert run.items.queued().count() > 100


def test_a_series_of_wrong_ids_is_no_reason_to_pause(
    alice: User, sandbox: Sandbox, open_connections: OpenConnections
) -> None:
    open_connections(100)
    Connection.objects.update(device_address="80:00:00:00:FF:FF:FF:FF")
    run = start_run(alice)
    finish(run)
    assert states(run) == {"refused": 100}
    assert len(sandbox.log.rows("user/login")) == 2


def test_the_rate_holds(alice: User, sandbox: Sandbox, open_connections: OpenConnections, settings: Settings) -> None:
    settings.STOP_MAX_PER_SECOND = 20.0
    open_connections(24)
    run = start_run(alice)
    finish(run)
    # The first opens the way, which takes its time: what left after it may seem too close behind.
    _first, *sent = sorted(datetime.fromisoformat(row["at"]) for row in sandbox.log.rows("device/connect/stop"))
    assert (sent[-1] - sent[0]).total_seconds() >= 22 / 20 - 0.1


def test_a_single_stop_does_not_wait_behind_a_large_run(
    alice: User, admin_user: User, sandbox: Sandbox, open_connections: OpenConnections, settings: Settings
) -> None:
    settings.STOP_CONCURRENCY = 4
    sandbox.set(latency_ms=20)
    known = open_connections(201)
    large = start_run(alice, known[:200])
    drain = Drain()
    while large.items.finished().count() < 20:
        drain.step(0.02)
    single = start_run(admin_user, known[200:])
    while single.items.unfinished().exists():
        drain.step(0.02)
    assert large.items.queued().count() > 100
