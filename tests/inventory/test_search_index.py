"""The index of names: whatever way a row comes it is found by it, and without it all is found, too."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.checks import names_are_indexed
from connections.db import search_index
from connections.db.bulk import insert_rows, update_many
from connections.inventory.match import parse
from connections.models import Connection

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def found(text):
    return set(parse(text).apply(Connection.objects.all()).values_list("device_name", flat=True))


def test_a_row_that_came_in_bulk_is_found_by_its_names(account):
    names = (
        "account_id",
        "device_address",
        "connection_id",
        "connection_key",
        "device_name",
        "service_name",
        "known_by",
    )
    facts = (account.pk, "80:00:00:00:01:00:00:01", "A", "a", "Estación 07", "SSH", "listed")
    rest = {"opened_by": "x@example.com", "list_scope": "", "proxy_address": "", "status": "active"}
    moments = dict.fromkeys(("known_at", "status_at"), account.created_at)
    insert_rows(Connection, (*names, *rest, *moments), [(*facts, *rest.values(), *moments.values())])
    assert found("estacion 7 service:ssh") == {"Estación 07"}
    pk = Connection.objects.get().pk
    update_many(Connection, [({"device_name": "Plant 8", "service_name": "SSH", "opened_by": ""}, {"pk": pk})])
    assert found("estacion") == set()
    assert found("plant 8") == {"Plant 8"}


def test_what_is_gone_or_renamed_is_not_found_any_more(make_connection):
    gone, renamed = make_connection(device_name="Kiosk gone"), make_connection(device_name="Kiosk before")
    gone.delete()
    renamed.device_name = "Kiosk after"
    renamed.save()
    assert found("kiosk") == {"Kiosk after"}
    assert found("kiosk before or gone") == set()


def test_nothing_is_missing_and_what_is_missing_is_told_and_made_again(make_connection):
    make_connection(device_name="Plant 7")
    database.check_constraints()  # PostgreSQL makes no index of a table with checks that wait for the commit
    assert search_index.missing() == []
    name = "names_changed" if database.vendor == "sqlite" else "connection_by_names"
    with database.cursor() as cursor:
        cursor.execute(f"DROP {'TRIGGER' if database.vendor == 'sqlite' else 'INDEX'} {name}")
    [warning] = names_are_indexed(["default"])
    assert name in warning.msg
    search_index.install()
    assert search_index.missing() == []
    assert found("plant 7") == {"Plant 7"}


@pytest.mark.skipif(database.vendor != "sqlite", reason="PostgreSQL's planner decides by itself")
def test_a_rare_word_is_asked_of_the_index_and_a_search_goes_without_one(make_connection):
    make_connection(device_name="Plant 7")
    with CaptureQueriesContext(database) as captured:
        assert found("plant 7") == {"Plant 7"}
    assert f"FROM {search_index.INDEX}" in captured[-1]["sql"]
    with database.cursor() as cursor:
        for trigger in search_index.SQLITE_TRIGGERS:
            cursor.execute(f"DROP TRIGGER {trigger}")
        cursor.execute(f"DROP TABLE {search_index.INDEX}")
    assert found("plant 7 or no") == {"Plant 7"}
    search_index.install()
