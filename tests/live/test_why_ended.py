"""Why a connection is not open any more: it ended without us, or a person stopped it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.live.read import read_list
from connections.models import Account, Connection, StopItem, StopRun
from connections.models.states import ItemState, RunState, Verdict
from connections.sandbox import Sandbox
from connections.words.connections import note_of_connection
from tests.support.pages import text_of

LIST = "/admin/connections/connection/"
MakeConnection = Callable[..., Connection]


def page_of(connection: Connection) -> str:
    return f"{LIST}{connection.pk}/change/"


def item_of(user: User, connection: Connection, state: ItemState) -> StopItem:
    run = StopRun.objects.create(
        user=user, user_name=user.get_username(), state=RunState.STARTED, started_at=timezone.now(), reason="leaked key"
    )
    return StopItem.objects.create(
        run=run, connection=connection, account=connection.account, state=state, answered_at=timezone.now(), attempts=1
    )


def test_one_that_ended_without_us_says_that_two_lists_lack_it(
    operator: Client, listed: Connection, sandbox: Sandbox, account: Account
) -> None:
    sandbox.advance(9 * 3600)
    read_list(account)
    read_list(account)
    assert "without us: in neither of two complete lists" in text_of(operator.get(LIST, {"status": "ended"}))
    assert "It ended without us" in text_of(operator.get(page_of(listed)))


def test_one_that_ended_past_its_own_end_says_so(operator: Client, listed: Connection, sandbox: Sandbox) -> None:
    Connection.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    sandbox.advance(9 * 3600)
    read_list(listed.account)
    assert "without us: past its own end" in text_of(operator.get(LIST, {"status": "ended"}))


def test_one_that_ended_without_us_names_no_run(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    connection = make_connection(status="ended", absent_seq=9)
    item_of(alice, connection, ItemState.REFUSED)
    assert "Look at run" not in text_of(operator.get(page_of(connection)))


def test_one_that_we_stopped_names_the_run_and_the_person(
    client: Client, alice: User, bob: User, make_connection: MakeConnection
) -> None:
    connection = make_connection(status="stopped")
    run = item_of(alice, connection, ItemState.STOPPED).run
    client.force_login(alice)
    page = client.get(page_of(connection)).content.decode()
    assert f'href="/admin/connections/stoprun/{run.pk}/change/"' in page
    assert "leaked key" in page


def test_who_may_not_see_the_run_reads_the_person_and_not_the_reason(
    client: Client, alice: User, bob: User, make_connection: MakeConnection
) -> None:
    connection = make_connection(status="stopped")
    item_of(alice, connection, ItemState.STOPPED)
    client.force_login(bob)
    words = text_of(client.get(page_of(connection)))
    assert "alice" in words
    assert "leaked key" not in words


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("", "not yet confirmed"),
        (Verdict.CONFIRMED_GONE, "confirmed gone"),
        (Verdict.CAME_BACK, "back 9 s later"),
        (Verdict.UNVERIFIED, "unverified"),
    ],
)
def test_a_stopped_one_says_what_the_lists_made_of_it(
    alice: User, make_connection: MakeConnection, verdict: str, words: str
) -> None:
    connection = make_connection(status="stopped")
    item = item_of(alice, connection, ItemState.STOPPED)
    item.verdict, item.verdict_at, item.came_back_after_s = verdict, timezone.now(), 9
    assert words in note_of_connection(connection, item)
