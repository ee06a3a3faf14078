"""The live list: records follow it, and verdicts rest on it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from connections.accounts.credentials import client_for
from connections.audit.origin import Origin
from connections.live.read import read_list
from connections.live.verdicts.retry import verify_again
from connections.live.verdicts.verify import CHUNK, GIVE_UP, give_up
from connections.models import Account, AuditEvent, Connection, StopItem
from connections.models.accounts import StopCall
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.sandbox.world.seed import connectable
from tests.conftest import open_in
from tests.stops.test_drain import finish, start_run, states

pytestmark = pytest.mark.django_db(transaction=True)
OpenConnections = Callable[..., list[Connection]]
MakeConnection = Callable[..., Connection]


def facts_of(action: str) -> list[dict[str, object]]:
    bodies = AuditEvent.objects.filter(action=action).order_by("seq").values_list("body", flat=True)
    return [json.loads(body) for body in bodies]


def open_in_world(sandbox: Sandbox, count: int) -> None:
    sandbox.call(open_in, sandbox.server.world, count)


def verdicts() -> dict[str, str]:
    return dict(StopItem.objects.values_list("connection__connection_id", "verdict"))


def stop_everything(user: User) -> None:
    finish(start_run(user))


def test_what_is_listed_becomes_a_record(sandbox: Sandbox, account: Account) -> None:
    open_in_world(sandbox, 3)
    assert read_list(account).complete
    keys = {row["connection_id"].lower() for row in sandbox.world.rows("open")}
    assert set(Connection.objects.values_list("connection_key", flat=True)) == keys
    assert set(Connection.objects.values_list("known_by", "status")) == {("listed", "active")}


def test_a_peer_to_peer_session_is_counted_and_makes_no_record(settings: Settings, account: Account) -> None:
    with Sandbox(connections=40, seed=1) as sandbox:
        for name, value in sandbox.environment.items():
            setattr(settings, name, value)
        read_list(account)
        assert Connection.objects.count() == len(sandbox.world.rows("open"))
    assert facts_of("list.read")[0]["peer_to_peer"] != 0


def test_an_unchanged_list_writes_nothing_but_its_own_lines(sandbox: Sandbox, account: Account) -> None:
    open_in_world(sandbox, 3)
    client = client_for(account)
    read_list(account, client)
    before = list(Connection.objects.order_by("pk").values())
    lines = AuditEvent.objects.count()
    read_list(account, client)
    assert list(Connection.objects.order_by("pk").values()) == before
    assert AuditEvent.objects.count() == lines + 2


def test_one_complete_list_without_it_does_not_end_a_connection(sandbox: Sandbox, account: Account) -> None:
    open_in_world(sandbox, 1)
    read_list(account)
    sandbox.advance(9 * 3600)
    read_list(account)
    assert Connection.objects.get().status == "active"


def test_two_complete_lists_in_a_row_without_it_end_it_and_nobody_stopped_it(
    sandbox: Sandbox, account: Account
) -> None:
    open_in_world(sandbox, 1)
    read_list(account)
    sandbox.advance(9 * 3600)
    read_list(account)
    read_list(account)
    assert Connection.objects.get().status == "ended"
    assert len(facts_of("connection.ended")) == 1


@pytest.mark.parametrize("kind", ["errors_too", "null_sessions", "null_session", "truncated", "503", "html500"])
def test_an_incomplete_list_ends_nothing_and_says_why(sandbox: Sandbox, account: Account, kind: str) -> None:
    open_in_world(sandbox, 1)
    read_list(account)
    sandbox.advance(9 * 3600)
    sandbox.faults.add(FaultRule(kind, path="graphql/v1"))
    for _ in range(3):
        open_in_world(sandbox, 1)
        assert not read_list(account).complete
    account.refresh_from_db()
    assert set(Connection.objects.values_list("status", flat=True)) == {"active"}
    assert account.list_why
    assert not account.list_is_complete


def test_a_stop_that_worked_is_confirmed_gone(alice: User, sandbox: Sandbox, account: Account) -> None:
    open_in_world(sandbox, 3)
    read_list(account)
    stop_everything(alice)
    read_list(account)
    assert set(verdicts().values()) == {"confirmed_gone"}
    assert {line["verdict"] for line in facts_of("stop.verified")} == {"confirmed_gone"}


def test_a_list_asked_for_before_the_answer_confirms_nothing(alice: User, sandbox: Sandbox, account: Account) -> None:
    open_in_world(sandbox, 1)
    read_list(account)
    stop_everything(alice)
    assert set(verdicts().values()) == {""}


def test_what_no_complete_list_ever_held_stays_unverified(
    alice: User, sandbox: Sandbox, account: Account, open_connections: OpenConnections
) -> None:
    open_connections(1)
    stop_everything(alice)
    read_list(account)
    item = StopItem.objects.get()
    assert (item.state, item.verdict, item.verdict_why) == ("stopped", "unverified", "never_listed")


def test_a_stop_that_the_api_accepted_and_did_not_carry_out_is_still_alive(
    alice: User, sandbox: Sandbox, account: Account
) -> None:
    open_in_world(sandbox, 1)
    read_list(account)
    sandbox.faults.add(FaultRule("ignored"))
    stop_everything(alice)
    assert Connection.objects.get().status == "stopped"
    read_list(account)
    item = StopItem.objects.get()
    assert (item.state, item.verdict) == ("stopped", "still_alive")
    assert Connection.objects.get().status == "active"


def test_an_unknown_item_is_settled_by_the_list(alice: User, sandbox: Sandbox, account: Account) -> None:
    open_in_world(sandbox, 1)
    read_list(account)
    sandbox.faults.add(FaultRule("empty", applied=True, times=1))
    sandbox.faults.add(FaultRule("empty", applied=False))
    run = start_run(alice)
    finish(run)
    assert states(run) == {"unknown": 1}
    read_list(account)
    assert StopItem.objects.get().verdict == "confirmed_gone"
    assert Connection.objects.get().status == "stopped"


def test_who_opens_the_same_again_came_back(alice: User, sandbox: Sandbox, account: Account) -> None:
    open_in_world(sandbox, 1)
    read_list(account)
    stop_everything(alice)
    read_list(account)
    gone = sandbox.world.rows("stopped")[0]
    sandbox.world.open(gone["device_address"], gone["opened_by"])
    read_list(account)
    item = StopItem.objects.get()
    assert item.verdict == "came_back"
    assert item.came_back_as == sandbox.world.rows("open")[0]["connection_id"].lower()


def test_an_account_that_can_not_be_listed_stays_unverified_after_a_while(
    alice: User, sandbox: Sandbox, account: Account
) -> None:
    open_in_world(sandbox, 1)
    read_list(account)
    stop_everything(alice)
    sandbox.faults.add(FaultRule("503", path="graphql/v1"))
    read_list(account)
    assert StopItem.objects.get().verdict == ""
    item = StopItem.objects.get()
    assert item.answered_at is not None
    StopItem.objects.update(answered_at=item.answered_at - GIVE_UP)
    read_list(account)
    assert (StopItem.objects.get().verdict, StopItem.objects.get().verdict_why) == ("unverified", "not_listed")


def test_an_account_that_can_be_listed_again_settles_it_when_asked_to(
    alice: User, sandbox: Sandbox, account: Account
) -> None:
    open_in_world(sandbox, 1)
    read_list(account)
    stop_everything(alice)
    answered_at = StopItem.objects.get().answered_at
    assert answered_at is not None
    StopItem.objects.update(answered_at=answered_at - GIVE_UP)
    sandbox.faults.add(FaultRule("503", path="graphql/v1", times=1))
    read_list(account)
    assert StopItem.objects.get().verdict == "unverified"
    read_list(account)
    assert StopItem.objects.get().verdict == "unverified"
    verify_again(StopItem.objects.get().run, alice, Origin("web"))
    read_list(account)
    assert StopItem.objects.get().verdict == "confirmed_gone"
    assert [line["verdict"] for line in facts_of("stop.verified")] == ["unverified", "confirmed_gone"]


def test_what_no_list_covers_any_more_stays_unverified_after_a_while(
    alice: User, sandbox: Sandbox, account: Account
) -> None:
    open_in_world(sandbox, 1)
    read_list(account)
    Connection.objects.update(list_scope="an organisation that was left")
    stop_everything(alice)
    assert read_list(account).complete
    item = StopItem.objects.get()
    assert item.verdict == ""
    assert item.answered_at is not None
    StopItem.objects.update(answered_at=item.answered_at - GIVE_UP)
    read_list(account)
    assert (StopItem.objects.get().verdict, StopItem.objects.get().verdict_why) == ("unverified", "not_covered")


@pytest.mark.slow
def test_giving_up_leaves_nothing_over(alice: User, account: Account, make_connection: MakeConnection) -> None:
    for _ in range(CHUNK + 1):
        make_connection()
    run = start_run(alice)
    run.items.update(state="stopped", answered_at=timezone.now() - 2 * GIVE_UP)
    assert give_up(account, "not_listed", 1) == CHUNK + 1
    assert set(verdicts().values()) == {"unverified"}


def test_the_account_chooses_graphql(alice: User, sandbox: Sandbox, account: Account) -> None:
    Account.objects.update(stop_call=StopCall.GRAPHQL)
    open_in_world(sandbox, 2)
    read_list(account)
    stop_everything(alice)
    assert set(StopItem.objects.values_list("state", flat=True)) == {"stopped"}
    assert sandbox.log.rows("device/connect/stop") == []
    assert {line["call"] for line in facts_of("stop.sent")} == {"graphql"}


def test_rest_then_graphql_tells_both_calls(alice: User, sandbox: Sandbox, account: Account) -> None:
    Account.objects.update(stop_call=StopCall.REST_GRAPHQL)
    sandbox.set(graphql_ids="refuse")
    service = sandbox.call(lambda: next(filter(connectable, sandbox.server.world.services.values())))
    sandbox.world.open(service.address, "vendor@example.net", style="lower")
    read_list(account)
    stop_everything(alice)
    assert [line["call"] for line in facts_of("stop.sent")] == ["rest", "graphql"]
    assert StopItem.objects.get().state == "stopped"
