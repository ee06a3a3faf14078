"""Lists that lag, lie, come late or hold odd things: what they may overturn, and what they may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from connections.accounts.credentials import client_for
from connections.accounts.sign_in import sign_in
from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.live.read import read_list
from connections.live.reconcile import reconcile, revive
from connections.live.verdicts.verify import GIVE_UP, WATCH, verify
from connections.models import Account, Connection, StopItem
from connections.remoteit import Cause, Session, SessionList
from connections.sandbox import FaultRule, Sandbox
from tests.live.test_live import facts_of, open_in_world, stop_everything, verdicts
from tests.stops.test_drain import finish, start_run

pytestmark = pytest.mark.django_db(transaction=True)
OpenConnections = Callable[..., list[Connection]]


@pytest.fixture
def listed(sandbox: Sandbox, account: Account) -> Connection:
    """One connection that a complete list held."""
    open_in_world(sandbox, 1)
    read_list(account)
    return Connection.objects.get()


def lie(sandbox: Sandbox) -> None:
    """The next stop is answered "true" and does nothing."""
    sandbox.faults.add(FaultRule("ignored", times=1))


def end_in_the_world(sandbox: Sandbox) -> None:
    sandbox.advance(9 * 3600)


def shown(sandbox: Sandbox) -> tuple[str, str]:
    """The connection's status, and its item's verdict."""
    return Connection.objects.get().status, StopItem.objects.latest("pk").verdict


def ask(account: Account) -> tuple[SessionList, int]:
    """A list that is under way: asked for, and answered with what is open now."""
    with transaction.atomic():
        asked_seq = append([Entry("list.started", WORKER, account=account)])
    with client_for(account) as client:
        sign_in(client, account, WORKER)
        return client.read_sessions(), asked_seq


def arrive(account: Account, under_way: tuple[SessionList, int]) -> None:
    """The list is written down, and records and verdicts follow it."""
    listed, asked_seq = under_way
    changed = reconcile(account, listed, asked_seq=asked_seq)
    with transaction.atomic():
        read_seq = append([Entry("list.read", WORKER, account=account)])
    verify(account, listed, changed.listed_though_cut, asked_seq=asked_seq, read_seq=read_seq)
    revive(account, changed.alive_after_all, asked_seq=asked_seq)


def test_still_alive_in_a_list_that_lagged_becomes_confirmed_gone(
    alice: User, sandbox: Sandbox, account: Account, listed: Connection
) -> None:
    lie(sandbox)
    stop_everything(alice)
    read_list(account)
    assert shown(sandbox) == ("active", "still_alive")
    end_in_the_world(sandbox)
    read_list(account)
    assert shown(sandbox) == ("stopped", "confirmed_gone")
    read_list(account)
    assert facts_of("connection.ended") == []
    assert [line["verdict"] for line in facts_of("stop.verified")] == ["still_alive", "confirmed_gone"]


def test_still_alive_is_final_when_the_watch_is_over(
    alice: User, sandbox: Sandbox, account: Account, listed: Connection
) -> None:
    lie(sandbox)
    stop_everything(alice)
    read_list(account)
    StopItem.objects.update(answered_at=timezone.now() - WATCH - timedelta(seconds=1))
    end_in_the_world(sandbox)
    for _ in range(2):
        read_list(account)
    assert shown(sandbox) == ("ended", "still_alive")


def test_confirmed_gone_by_a_list_that_lacked_it_once_becomes_still_alive(
    alice: User, sandbox: Sandbox, account: Account, listed: Connection
) -> None:
    lie(sandbox)
    stop_everything(alice)
    whole, asked_seq = ask(account)
    without = SessionList(True, "", whole.cause, 200, 1, accounts=whole.accounts)
    arrive(account, (without, asked_seq))
    assert shown(sandbox) == ("stopped", "confirmed_gone")
    read_list(account)
    assert shown(sandbox) == ("active", "still_alive")


def test_what_no_list_came_for_in_time_is_still_alive_when_one_shows_it(
    alice: User, sandbox: Sandbox, account: Account, listed: Connection
) -> None:
    lie(sandbox)
    stop_everything(alice)
    sandbox.faults.add(FaultRule("503", path="graphql/v1", times=1))
    StopItem.objects.update(answered_at=timezone.now() - GIVE_UP - timedelta(seconds=1))
    read_list(account)
    assert shown(sandbox) == ("stopped", "unverified")
    read_list(account)
    assert shown(sandbox) == ("active", "still_alive")


def test_an_imported_one_that_is_listed_later_is_still_alive(
    alice: User, sandbox: Sandbox, account: Account, open_connections: OpenConnections
) -> None:
    open_connections(1)
    lie(sandbox)
    stop_everything(alice)
    whole, asked_seq = ask(account)
    arrive(account, (SessionList(True, "", whole.cause, 200, 1, accounts=whole.accounts), asked_seq))
    assert shown(sandbox) == ("stopped", "unverified")
    read_list(account)
    assert shown(sandbox) == ("active", "still_alive")


def test_a_list_asked_for_before_an_answer_does_not_overturn_it(
    alice: User, sandbox: Sandbox, account: Account, listed: Connection
) -> None:
    lie(sandbox)
    stop_everything(alice)
    Connection.objects.update(status="unknown")
    under_way = ask(account)
    finish(start_run(alice))
    assert Connection.objects.get().status == "stopped"
    arrive(account, under_way)
    assert Connection.objects.get().status == "stopped"
    read_list(account)
    assert shown(sandbox) == ("stopped", "confirmed_gone")


def test_what_became_peer_to_peer_is_not_gone(
    alice: User, sandbox: Sandbox, account: Account, listed: Connection
) -> None:
    lie(sandbox)
    stop_everything(alice)
    sandbox.call(lambda: setattr(sandbox.server.world.find(listed.connection_id), "proxy", False))
    read_list(account)
    assert shown(sandbox) == ("active", "still_alive")


def test_one_that_comes_back_is_one_though_three_were_cut(alice: User, sandbox: Sandbox, account: Account) -> None:
    open_in_world(sandbox, 1)
    world = sandbox.world
    first = world.rows("open")[0]
    for _ in range(2):
        world.open(first["device_address"], first["opened_by"])
    read_list(account)
    stop_everything(alice)
    back = world.open(first["device_address"], first["opened_by"])
    read_list(account)
    read_list(account)
    assert sorted(verdicts().values()) == ["came_back", "confirmed_gone", "confirmed_gone"]
    assert StopItem.objects.get(verdict="came_back").came_back_as.lower() == back.id.lower()


def with_session(**odd: str) -> SessionList:
    usual = {
        "id": "48844999-bbf4-48cf-9a3a-353b7385737a",
        "service_address": "80:00:00:00:01:00:40:C5",
        "service_name": "ssh",
        "device_name": "Pump 7",
        "opened_by": "anna@example.com",
        "opened_at": "2026-11-25T12:00:00Z",
    }
    session = Session(proxy=True, state="connected", accounts=("",), service_kind=None, **{**usual, **odd})
    return SessionList(True, "", Cause.NONE, 200, 1, sessions=(session,))


@pytest.mark.parametrize(
    "opened_at",
    ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "2026-13-45T99:00:00Z", "soon"],
)
def test_an_odd_time_is_left_out(account: Account, opened_at: str) -> None:
    reconcile(account, with_session(opened_at=opened_at), asked_seq=1)
    assert Connection.objects.get().opened_at is None


def test_names_are_cut_to_what_fits(account: Account) -> None:
    long = dict.fromkeys(("device_name", "service_name", "opened_by"), "é" * 1000)
    for _ in range(2):
        reconcile(account, with_session(**long), asked_seq=1)
    shown = Connection.objects.get()
    assert [len(name) for name in (shown.device_name, shown.service_name, shown.opened_by)] == [200, 200, 254]
