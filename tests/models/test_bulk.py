"""Many rows written at once: on both databases what the ORM would write, and its errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from connections.db.bulk import insert_many, insert_rows, update_many
from connections.models import Connection
from connections.models.states import ConnectionStatus, KnownBy

pytestmark = [pytest.mark.both, pytest.mark.django_db]
MakeConnection = Callable[..., Connection]
NAMES = {"device_name": "", "service_name": "", "opened_by": ""}
"""All are given at once: their folded form is made of them."""
AWKWARD = 'a "quoted", back\\slashed\tand\nbroken {line} ü \\N'
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


def unsaved(one: Connection, key: str, **facts: object) -> Connection:
    values = {"device_address": one.device_address, "known_by": KnownBy.LISTED, "connection_id": key, **facts}
    return Connection(account=one.account, connection_key=key, **values)


def test_what_is_inserted_is_read_again_as_it_was(make_connection: MakeConnection) -> None:
    new = unsaved(make_connection(), "b", device_name=AWKWARD, opened_at=AT, listed_seq=7, expires_at=None)
    insert_many([new])
    read = Connection.objects.get(connection_key="b")
    assert (read.device_name, read.opened_at, read.listed_seq, read.expires_at) == (AWKWARD, AT, 7, None)
    assert (read.known_by, read.status) == ("listed", "active")


def test_nothing_is_inserted_of_nothing(db: None) -> None:
    insert_many([])
    insert_rows(Connection, ("device_name",), [])
    assert not Connection.objects.exists()


def test_a_broken_constraint_is_the_orm_s_error(make_connection: MakeConnection) -> None:
    one = make_connection()
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_many([unsaved(one, "b"), unsaved(one, one.connection_key)])
    assert Connection.objects.get() == one


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite knows no lengths")
def test_what_is_too_long_is_refused_and_not_cut(make_connection: MakeConnection) -> None:
    assert connection.vendor == "postgresql"
    one = make_connection()
    with pytest.raises(DataError), transaction.atomic():
        insert_many([unsaved(one, "b", device_name="x" * 201)])
    with pytest.raises(DataError), transaction.atomic():
        update_many(Connection, [({**NAMES, "device_name": "x" * 201}, {"pk": one.pk})])


def test_what_no_database_keeps_is_refused_and_not_cut(make_connection: MakeConnection) -> None:
    one = make_connection()
    with pytest.raises(DataError), transaction.atomic():
        insert_many([unsaved(one, "b", device_name="before\0after")])
    with pytest.raises(DataError), transaction.atomic():
        update_many(Connection, [({**NAMES, "device_name": "before\0after"}, {"pk": one.pk})])


def test_each_row_gets_its_own_values(make_connection: MakeConnection) -> None:
    one, two, three = (make_connection() for _ in range(3))
    rows = [
        ({**NAMES, "device_name": AWKWARD, "opened_at": AT, "status": ConnectionStatus.ENDED}, {"pk": one.pk}),
        ({**NAMES, "device_name": "two", "opened_at": None, "status": "active"}, {"pk": two.pk}),
    ]
    assert update_many(Connection, rows) == 2
    told = {pk: rest for pk, *rest in Connection.objects.values_list("pk", "device_name", "opened_at", "status")}
    assert told[one.pk] == [AWKWARD, AT, "ended"]
    assert told[two.pk] == ["two", None, "active"]
    assert told[three.pk][0] == three.device_name


def test_a_row_whose_conditions_do_not_hold_is_left_and_not_counted(make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection(status="ended")
    rows = [({"status": "unknown"}, {"pk": row.pk, "status": "active"}) for row in (one, two)]
    assert update_many(Connection, rows) == 1
    assert set(Connection.objects.values_list("pk", "status")) == {(one.pk, "unknown"), (two.pk, "ended")}
