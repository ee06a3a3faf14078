"""Verdicts that a later list puts right: what goes late, what is listed again, and what another run has by now."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.live import read
from connections.live.verdicts.progress import read_verification
from connections.live.verdicts.verify import GIVE_UP, WATCH, verify
from connections.models import Account, AuditEvent, Connection, StopItem, StopRun
from connections.remoteit import Cause, SessionList
from connections.stops import control
from connections.stops.progress.progress import read_progress
from tests.support.lists import ID, WORKER, follow, session
from tests.support.runs import start_run

pytestmark = pytest.mark.django_db
OTHER = "b" * 36


@pytest.fixture
def one(account: Account) -> Connection:
    """A connection that a complete list showed."""
    follow(account, session(ID))
    return Connection.objects.get()


def answered(user: User, one: Connection, state: str = "stopped", status: str = "", **facts: Any) -> StopItem:
    """An item of a new run that was answered just now."""
    run = start_run(user, one)
    now = timezone.now()
    item = StopItem.objects.get(run=run)
    StopItem.objects.filter(pk=item.pk).update(
        state=state, attempts=1, connection_was="active", sent_at=now, answered_at=now, **facts
    )
    after = {"stopped": "stopped", "unknown": "unknown", "already_gone": "ended"}.get(state, "active")
    Connection.objects.filter(pk=one.pk).update(status=status or after, status_at=now)
    with transaction.atomic():
        append([Entry("stop.answered", WORKER, actor=user, run=run, connection=one)])
    return StopItem.objects.select_related("connection", "run").get(pk=item.pk)


def seen(item: StopItem) -> tuple[str, str]:
    """The verdict, and what the connection is called."""
    item = StopItem.objects.select_related("connection").get(pk=item.pk)
    return item.verdict, item.connection.status


def told() -> list[tuple[str, str | None]]:
    """The verdicts that the history tells, each with the one before."""
    events = AuditEvent.objects.filter(action="stop.verified").order_by("seq")
    bodies = [json.loads(event.body) for event in events]
    return [(body["verdict"], body.get("verdict_before")) for body in bodies]


def let_the_watch_pass(item: StopItem) -> None:
    assert item.answered_at
    StopItem.objects.filter(pk=item.pk).update(answered_at=item.answered_at - WATCH)


def test_a_list_that_lags_behind_an_accepted_stop_is_put_right_by_the_next(
    alice: User, account: Account, one: Connection
) -> None:
    item = answered(alice, one)
    follow(account, session(ID))
    assert seen(item) == ("still_alive", "active")
    follow(account)
    assert seen(item) == ("confirmed_gone", "stopped")
    assert told() == [("still_alive", None), ("confirmed_gone", "still_alive")]


def test_once_the_watch_is_over_it_stays_still_alive_and_what_goes_then_ends_without_us(
    alice: User, account: Account, one: Connection
) -> None:
    item = answered(alice, one)
    follow(account, session(ID))
    let_the_watch_pass(item)
    follow(account)
    assert seen(item) == ("still_alive", "active")
    follow(account)
    assert seen(item) == ("still_alive", "ended")


def test_an_incomplete_list_puts_nothing_right(alice: User, account: Account, one: Connection) -> None:
    item = answered(alice, one)
    follow(account, session(ID))
    follow(account, why_incomplete="HTTP 503")
    assert seen(item) == ("still_alive", "active")


def test_a_list_that_no_longer_reaches_there_puts_nothing_right(alice: User, account: Account, one: Connection) -> None:
    item = answered(alice, one)
    follow(account, session(ID))
    follow(account, reach=("another account",))
    assert seen(item) == ("still_alive", "active")


def test_what_another_run_has_cut_since_is_no_success_of_the_first(
    alice: User, account: Account, one: Connection
) -> None:
    first = answered(alice, one)
    follow(account, session(ID))
    second = answered(alice, one)
    follow(account)
    assert seen(first) == ("still_alive", "stopped")
    assert seen(second) == ("confirmed_gone", "stopped")


def test_what_another_run_is_about_to_cut_is_left_to_it(alice: User, account: Account, one: Connection) -> None:
    first = answered(alice, one)
    follow(account, session(ID))
    start_run(alice, one)
    follow(account)
    assert seen(first) == ("still_alive", "active")


def test_a_run_that_was_cancelled_before_it_was_sent_takes_nothing(
    alice: User, account: Account, one: Connection
) -> None:
    first = answered(alice, one)
    follow(account, session(ID))
    control.cancel(start_run(alice, one), alice, WORKER)
    follow(account)
    assert seen(first) == ("confirmed_gone", "stopped")


@pytest.mark.parametrize(
    ("state", "facts", "status"),
    [
        ("unknown", {}, "stopped"),
        ("already_gone", {"unclear_attempt": 1}, "stopped"),
        ("already_gone", {}, "active"),
        ("refused", {}, "active"),
        ("failed", {}, "active"),
    ],
)
def test_what_goes_late_is_called_stopped_only_where_the_stop_may_have_done_it(
    alice: User, account: Account, one: Connection, state: str, facts: dict[str, Any], status: str
) -> None:
    item = answered(alice, one, state, **facts)
    follow(account, session(ID))
    assert seen(item) == ("still_alive", "active")
    follow(account)
    assert seen(item) == ("confirmed_gone", status)
    follow(account)
    assert seen(item)[1] == ("ended" if status == "active" else "stopped")


def test_what_goes_late_and_comes_back_is_said_to_have_come_back(
    alice: User, account: Account, one: Connection
) -> None:
    item = answered(alice, one)
    follow(account, session(ID))
    follow(account, session(OTHER))
    assert seen(item) == ("came_back", "stopped")
    assert StopItem.objects.get(pk=item.pk).came_back_as == OTHER


def test_a_connection_that_is_listed_again_is_not_left_for_stopped(
    alice: User, account: Account, one: Connection
) -> None:
    item = answered(alice, one)
    follow(account)
    assert seen(item) == ("confirmed_gone", "stopped")
    let_the_watch_pass(item)
    follow(account, session(ID))
    assert seen(item) == ("still_alive", "active")
    assert told() == [("confirmed_gone", None), ("still_alive", "confirmed_gone")]


@pytest.mark.parametrize("state", ["stopped", "unknown"])
def test_what_no_list_settled_in_time_is_settled_by_one_that_shows_it(
    alice: User, account: Account, one: Connection, state: str
) -> None:
    item = answered(alice, one, state)
    StopItem.objects.update(answered_at=timezone.now() - GIVE_UP)
    follow(account, why_incomplete="HTTP 503")
    assert seen(item)[0] == "unverified"
    follow(account, session(ID))
    assert seen(item) == ("still_alive", "active")


def test_a_list_that_shows_what_was_cut_after_it_was_asked_for_says_nothing(
    alice: User, account: Account, one: Connection
) -> None:
    with transaction.atomic():
        asked = append([Entry("list.started", WORKER, account=account)])
    item = answered(alice, one)
    listed = SessionList(True, "", Cause.NONE, 200, 1, sessions=(session(ID),), accounts=("own-account",))
    read.follow(account, listed, asked, WORKER)
    assert seen(item) == ("", "stopped")


def test_an_older_list_that_comes_late_does_not_overrule_a_newer(
    alice: User, account: Account, one: Connection
) -> None:
    item = answered(alice, one)
    with transaction.atomic():
        asked = append([Entry("list.started", WORKER, account=account)])
    follow(account)
    assert seen(item) == ("confirmed_gone", "stopped")
    older = SessionList(True, "", Cause.NONE, 200, 1, sessions=(session(ID),), accounts=("own-account",))
    assert verify(account, older, [one.pk], asked_seq=asked, read_seq=asked + 1) == 0
    assert seen(item) == ("confirmed_gone", "stopped")


def test_the_run_is_watched_and_its_page_follows(
    client: Client, alice: User, account: Account, one: Connection
) -> None:
    item = answered(alice, one)
    run = StopRun.objects.get(pk=item.run_id)
    follow(account, session(ID))
    client.force_login(alice)
    assert read_verification(read_progress(run)).can_change
    assert (read_progress(run).tally.needs_look, control.left_to_stop(run).count()) == (1, 1)
    follow(account)
    assert (read_progress(run).tally.needs_look, control.left_to_stop(run).count()) == (0, 0)
    page = client.get(f"/admin/connections/stoprun/{run.pk}/change/").content.decode()
    assert "1 of 1 is confirmed gone" in page
    let_the_watch_pass(item)
    assert not read_verification(read_progress(run)).can_change


def test_the_history_says_what_was_said_before(client: Client, alice: User, account: Account, one: Connection) -> None:
    item = answered(alice, one)
    follow(account, session(ID))
    follow(account)
    client.force_login(alice)
    page = client.get(f"/admin/connections/auditevent/?run={item.run_id}").content.decode()
    assert "until then: still alive" in page
