"""Odd lists: what they may hold, and what they may not make of the records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.live.reconcile import Reconciled, _open, reconcile, revive
from connections.models import Account, AuditEvent, Connection
from connections.remoteit import Cause, Session, SessionList
from tests.support.lists import ID, ORGANISATION, OWN, session

pytestmark = [pytest.mark.both, pytest.mark.django_db]
MakeConnection = Callable[..., Connection]


def follow(account: Account, *sessions: Session, reach: tuple[str, ...] = (OWN, ORGANISATION)) -> Reconciled:
    """Have the records follow a complete list of `sessions`."""
    with transaction.atomic():
        seq = append([Entry("list.started", Origin("worker"), account=account)])
    listed = SessionList(True, "", Cause.NONE, 200, 1, sessions=sessions, accounts=reach)
    changed = reconcile(account, listed, asked_seq=seq)
    revive(account, changed.alive_after_all, asked_seq=seq)
    return changed


def test_names_that_are_too_long_are_cut_and_the_connection_is_known(account: Account) -> None:
    follow(account, session(device_name="d" * 300, service_name="s" * 300, opened_by="o" * 300))
    one = Connection.objects.get()
    assert (one.device_name, one.service_name, one.opened_by) == ("d" * 200, "s" * 200, "o" * 254)


def test_names_that_are_too_long_make_an_import_no_trouble(account: Account, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID, device_name="")
    follow(account, session(device_name="d" * 300))
    assert Connection.objects.get().device_name == "d" * 200


@pytest.mark.parametrize(
    "opened_at", ["", "yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01T00:00:00Z"]
)
def test_a_time_that_no_page_could_show_is_not_known(account: Account, opened_at: str) -> None:
    follow(account, session(opened_at=opened_at))
    assert Connection.objects.get().opened_at is None


def test_ids_that_differ_in_case_alone_are_one_connection(account: Account) -> None:
    follow(account, session(ID))
    follow(account, session(ID.upper()))
    assert Connection.objects.get().connection_id == ID


def test_an_imported_one_that_is_listed_keeps_its_spelling(account: Account, make_connection: MakeConnection) -> None:
    make_connection(connection_id=ID.upper(), known_by="imported")
    changed = follow(account, session(ID))
    one = Connection.objects.get()
    assert changed.opened == 0
    assert (one.connection_id, one.known_by, one.list_scope) == (ID.upper(), "listed", OWN)


def test_one_that_was_imported_while_the_list_was_compared_is_not_made_twice(
    account: Account, make_connection: MakeConnection
) -> None:
    imported = make_connection(connection_id=ID)
    _open(account, [session(ID), session("b" * 36)], 1, complete=True)
    assert set(Connection.objects.values_list("connection_key", "known_by")) == {(ID, "imported"), ("b" * 36, "listed")}
    assert Connection.objects.get(connection_key=ID) == imported


def test_an_imported_one_that_no_list_ever_showed_ends_by_no_list(
    account: Account, make_connection: MakeConnection
) -> None:
    make_connection(known_by="imported")
    for _ in range(3):
        follow(account)
    assert Connection.objects.get().status == "active"


def test_one_that_we_opened_and_no_list_ever_showed_ends_by_no_list(
    account: Account, make_connection: MakeConnection
) -> None:
    """Its id may be of another kind than those that are listed."""
    make_connection(known_by="opened")
    for _ in range(3):
        follow(account)
    assert Connection.objects.get().status == "active"


def test_one_that_we_opened_and_a_list_showed_ends_when_two_lack_it(
    account: Account, make_connection: MakeConnection
) -> None:
    make_connection(known_by="opened", connection_id=ID)
    follow(account, session(ID))
    assert Connection.objects.get().known_by == "opened"
    follow(account)
    assert Connection.objects.get().status == "active"
    follow(account)
    assert Connection.objects.get().status == "ended"


def test_past_its_own_end_one_list_is_enough(account: Account, make_connection: MakeConnection) -> None:
    make_connection(known_by="opened", expires_at=timezone.now() - timedelta(seconds=1))
    follow(account)
    assert Connection.objects.get().status == "ended"


def test_one_that_another_reader_met_after_this_list_was_asked_for_is_not_missing(
    account: Account, make_connection: MakeConnection
) -> None:
    make_connection(known_by="listed", seen_seq=1000, listed_seq=1000, list_scope=OWN)
    for _ in range(3):
        follow(account)
    assert Connection.objects.get().absent_seq is None


def test_one_that_two_lists_show_stands_until_both_lack_it(account: Account) -> None:
    follow(account, session(ID, OWN, ORGANISATION))
    follow(account, session(ID, ORGANISATION))
    assert Connection.objects.get().list_scope == ORGANISATION
    for _ in range(3):
        follow(account, reach=(OWN,))
    assert Connection.objects.get().status == "active"


def test_one_that_two_lists_show_is_written_once(account: Account) -> None:
    follow(account, session(ID, OWN, ORGANISATION))
    before = Connection.objects.values().get()
    follow(account, session(ID, ORGANISATION, OWN))
    assert Connection.objects.values().get() == before


def test_an_ended_one_that_is_listed_again_is_active_and_the_history_says_so(account: Account) -> None:
    follow(account, session(ID))
    follow(account)
    follow(account)
    assert Connection.objects.get().status == "ended"
    follow(account, session(ID))
    assert Connection.objects.get().status == "active"
    assert AuditEvent.objects.filter(action="connection.listed_again").count() == 1


def test_it_holds_the_account_while_it_changes_its_connections(account: Account) -> None:
    """Workers change them, too, in another order: without the lock the two would wait for each other."""
    follow(account, session(ID))
    follow(account)  # it marks what is missing
    with CaptureQueriesContext(database) as queries:
        follow(account, session(ID))  # and this takes the mark away
        follow(account)
        follow(account)  # it ends
    told = [query["sql"] for query in queries]
    changes = [place for place, sql in enumerate(told) if sql.startswith('UPDATE "connections_connection"')]
    assert len(changes) == 3
    for place in changes:
        began = max(n for n, sql in enumerate(told[:place]) if sql.startswith("SAVEPOINT"))
        assert any('FROM "connections_account"' in sql for sql in told[began:place]), told[place]


def test_a_list_tells_the_kind_of_a_service_once(account: Account) -> None:
    follow(account, session())
    follow(account, session(service_kind=28))
    assert Connection.objects.get().service_kind == 28
    follow(account, session())
    assert Connection.objects.get().service_kind == 28
