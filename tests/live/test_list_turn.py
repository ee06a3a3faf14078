"""One reader a list: who reads it, who has to wait, and when it is read next."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from connections.accounts.credentials import store_credentials
from connections.audit.origin import Origin
from connections.live.lister import Clients, read_due, read_in_turn
from connections.live.read import read_list
from connections.live.schedule import LIST_EVERY, LONGEST_REST, ask_for_lists, due_accounts, rest_after
from connections.live.turn import LEASE, turn
from connections.models import Account, AuditEvent, AuditHead, Connection, StopItem, StopRun
from connections.remoteit import Credentials
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule

MakeConnection = Callable[..., Connection]
pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
WEB = Origin("web")
A_MOMENT = timedelta(seconds=1)


def readings() -> int:
    return AuditEvent.objects.filter(action="list.started").count()


def read_all() -> int:
    """Read what is due; returns how many lists that were."""
    before = readings()
    for thread in read_due(Clients(), 8):
        thread.join()
    return readings() - before


def rest(account: Account) -> timedelta:
    """How long from now its next list is planned."""
    account.refresh_from_db()
    assert account.list_due_at is not None
    return account.list_due_at - timezone.now()


class Slow:
    """A reading of the list, by another thread, that lasts until the block is left."""

    def __init__(self, sandbox: Sandbox, account: Account) -> None:
        self.sandbox, self.account = sandbox, account
        self.thread = threading.Thread(target=self._read)

    def _read(self) -> None:
        try:
            read_in_turn(self.account)
        finally:
            connection.close()

    def __enter__(self) -> None:
        self.sandbox.faults.add(FaultRule("delay", path="graphql/v1", times=1, delay_s=1))
        self.thread.start()
        while not readings():
            pass

    def __exit__(self, *rest: object) -> None:
        self.thread.join()


def test_while_one_reads_a_list_nobody_else_does(sandbox: Sandbox, account: Account) -> None:
    with Slow(sandbox, account):
        assert read_in_turn(account) is None
        assert read_all() == 0
    assert readings() == 1
    assert read_in_turn(account) is not None


def test_a_wish_meanwhile_starts_no_second_reading_and_is_served_after_the_first(
    sandbox: Sandbox, account: Account, alice: User
) -> None:
    with Slow(sandbox, account):
        ask_for_lists([account], alice, WEB)
        assert read_all() == 0
    assert read_all() == 1
    assert read_all() == 0
    assert readings() == 2


def test_without_a_wish_the_next_reading_takes_its_time(sandbox: Sandbox, account: Account) -> None:
    read_in_turn(account)
    assert LIST_EVERY - 5 * A_MOMENT < rest(account) <= LIST_EVERY + A_MOMENT
    assert due_accounts() == []


def test_a_reader_that_gives_no_sign_any_more_is_overtaken(account: Account) -> None:
    with turn(account) as mine:
        assert mine
        Account.objects.update(list_reader_at=timezone.now() - LEASE - A_MOMENT)
        with turn(account) as others:
            assert others


def test_a_reader_that_was_overtaken_does_not_end_the_turn_of_the_other(account: Account) -> None:
    with turn(account):
        Account.objects.update(list_reader="somebody else")
    assert Account.objects.get().list_reader == "somebody else"


def test_a_reading_that_takes_long_gives_signs(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connections.live.turn.SIGN_EVERY_S", 0.01)
    long_ago = timezone.now() - timedelta(hours=1)
    with turn(account):
        Account.objects.update(list_reader_at=long_ago)
        while Account.objects.get().list_reader_at == long_ago:
            pass


@pytest.mark.parametrize("name", ["list_due_at", "list_reader_at"])
def test_a_clock_that_was_moved_back_holds_no_list_up(account: Account, name: str) -> None:
    Account.objects.update(list_due_at=None, list_reader="a dead one" if name == "list_reader_at" else "")
    Account.objects.update(**{name: timezone.now() + timedelta(hours=2)})
    assert due_accounts() == [account]


def test_after_a_refused_sign_in_the_password_is_not_tried_again_and_again(
    sandbox: Sandbox, account: Account, settings: Settings
) -> None:
    settings.REMOTEIT_PASSWORD = "wrong"
    assert read_all() == 1
    assert rest(account) > LONGEST_REST - 5 * A_MOMENT
    assert due_accounts() == []
    assert len(sandbox.log.rows("user/login")) == 1


def test_new_credentials_have_the_list_read_at_once(
    sandbox: Sandbox, account: Account, settings: Settings, admin_user: User
) -> None:
    settings.CREDENTIALS_KEY = Fernet.generate_key().decode()
    Account.objects.update(list_due_at=timezone.now() + LONGEST_REST - A_MOMENT)
    assert due_accounts() == []
    right = Credentials(sandbox.developer_key, username=sandbox.username, password=sandbox.password)
    store_credentials(account, right, admin_user, WEB)
    assert due_accounts() == [account]


def test_too_many_requests_are_answered_by_waiting_as_long_as_asked(sandbox: Sandbox, account: Account) -> None:
    sandbox.faults.add(FaultRule("429", path="graphql/v1", times=1, retry_after=120))
    read_all()
    assert timedelta(seconds=110) < rest(account) <= timedelta(seconds=121)


def test_the_wish_of_a_person_is_told_with_their_name(account: Account, alice: User) -> None:
    ask_for_lists([account], alice, Origin("web", client_ip="192.0.2.7"))
    body = json.loads(AuditEvent.objects.get(action="list.asked").body)
    assert (body["actor"], body["account"], body["origin"], body["client_ip"]) == (
        "alice",
        "default",
        "web",
        "192.0.2.7",
    )


def test_a_wish_that_can_not_be_told_is_none(account: Account, alice: User) -> None:
    Account.objects.update(list_due_at=timezone.now() + LIST_EVERY)
    AuditHead.objects.all().delete()
    with pytest.raises(AuditHead.DoesNotExist):
        ask_for_lists([account], alice, WEB)
    assert due_accounts() == []


def test_a_slow_account_holds_up_no_other(sandbox: Sandbox, account: Account, admin_user: User) -> None:
    quick = Account.objects.create(name="quick")
    known = Credentials(sandbox.developer_key, username=sandbox.username, password=sandbox.password)
    store_credentials(quick, known, admin_user, WEB)
    sandbox.faults.add(FaultRule("delay", path="graphql/v1", times=1, delay_s=2))
    slow = read_due(Clients(), 1)
    while not sandbox.log.rows("graphql/v1"):
        pass
    for thread in read_due(Clients(), 8):
        thread.join()
    assert slow[0].is_alive()
    assert AuditEvent.objects.filter(action="list.read").count() == 1
    slow[0].join()


def test_nothing_is_listed_while_remoteit_asked_for_a_pause(sandbox: Sandbox, account: Account) -> None:
    Account.objects.update(paused_until=timezone.now() + timedelta(minutes=1))
    assert read_all() == 0
    Account.objects.update(paused_until=timezone.now() - timedelta(minutes=1))
    assert read_all() == 1


@pytest.mark.parametrize("whole", [True, False])
def test_answers_from_the_future_have_no_list_read_again_and_again(
    sandbox: Sandbox, account: Account, alice: User, make_connection: MakeConnection, whole: bool
) -> None:
    """The clock of the host that wrote them was moved back since."""
    answered(alice, make_connection(status="stopped"), timedelta(hours=-1))
    if not whole:
        sandbox.faults.add(FaultRule("503", path="graphql/v1"))
    assert read_all() == 1
    assert due_accounts() == []
    assert rest(account) > LIST_EVERY - 5 * A_MOMENT


def answered(user: User, one: Connection, ago: timedelta) -> None:
    """An item that was answered so long ago and has no verdict."""
    run = StopRun.objects.create(user=user, user_name="alice", state="started", started_at=timezone.now())
    at = timezone.now() - ago
    StopItem.objects.create(run=run, connection=one, account=one.account, state="stopped", answered_at=at)


@pytest.mark.parametrize(("ago", "expected"), [(0, 1), (4, 4), (16, 16), (300, 30)])
def test_while_verdicts_are_awaited_the_list_is_read_soon_and_later_each_time(
    sandbox: Sandbox, account: Account, alice: User, make_connection: MakeConnection, ago: int, expected: int
) -> None:
    answered(alice, make_connection(status="stopped"), timedelta(seconds=ago))
    seconds = rest_after(account, read_list(account), took_s=0.1).total_seconds()
    assert expected <= seconds < expected + 5


@pytest.mark.parametrize(("took_s", "expected"), [(0.01, 1), (0.7, 7), (60, 30)])
def test_while_stops_are_under_way_a_long_list_is_read_less_often(
    sandbox: Sandbox, account: Account, alice: User, make_connection: MakeConnection, took_s: float, expected: int
) -> None:
    answered(alice, make_connection(status="stopped"), timedelta(0))
    sending = make_connection(status="stopping")
    run = StopRun.objects.get()
    StopItem.objects.create(run=run, connection=sending, account=account, state="sending")
    seconds = rest_after(account, read_list(account), took_s=took_s).total_seconds()
    assert expected <= seconds < expected + 5


def test_once_nothing_is_under_way_a_long_list_is_read_as_soon_as_a_short_one(
    sandbox: Sandbox, account: Account, alice: User, make_connection: MakeConnection
) -> None:
    answered(alice, make_connection(status="stopped"), timedelta(0))
    assert rest_after(account, read_list(account), took_s=60) < timedelta(seconds=6)


def test_answers_that_have_come_since_the_last_list_have_it_read_at_once(
    sandbox: Sandbox, account: Account, alice: User, make_connection: MakeConnection
) -> None:
    read_all()
    one = make_connection(status="stopped")
    assert due_accounts() == []
    answered(alice, one, timedelta(0))
    assert due_accounts() == [account]


def test_while_others_of_the_account_are_being_sent_it_waits_for_them(
    sandbox: Sandbox, account: Account, alice: User, make_connection: MakeConnection
) -> None:
    read_all()
    one, two = make_connection(status="stopped"), make_connection(status="stopping")
    answered(alice, one, timedelta(0))
    StopItem.objects.create(run=StopRun.objects.get(), connection=two, account=account, state="sending")
    assert due_accounts() == []
