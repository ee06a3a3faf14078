"""What the list shows, taken along: every connection that its address means, and a line of history for it."""

from __future__ import annotations

import csv
import io
import json

import pytest

from connections.models import AuditEvent

LIST = "/admin/connections/connection/"


@pytest.fixture
def operator(client, alice):
    client.force_login(alice)
    return client


def taken(client, query="", form="export/"):
    return b"".join(client.post(f"{LIST}{form}{query}").streaming_content).decode()


def test_json_lines_hold_what_the_address_means_and_nothing_else(operator, make_connection):
    wanted = make_connection(device_name="Plant 7", opened_by="dana@example.com")
    make_connection(opened_by="eve@example.com")
    (line,) = taken(operator, "?opened_by=dana@example.com").splitlines()
    told = json.loads(line)
    assert (told["connection_id"], told["device_name"], told["status"]) == (wanted.connection_id, "Plant 7", "active")
    assert "expires_at" not in told


def test_csv_has_a_header_and_no_formula(operator, make_connection):
    make_connection(device_name="=1+1")
    (row,) = csv.DictReader(io.StringIO(taken(operator, form="export/csv/")))
    assert (row["device_name"], row["account"]) == ("'=1+1", "default")


def test_every_page_of_the_list_is_in_it(operator, make_connection):
    for _number in range(51):
        make_connection()
    assert len(taken(operator, "?p=2").splitlines()) == 51


def test_the_history_says_who_took_along_what(operator, make_connection):
    make_connection(opened_by="dana@example.com")
    taken(operator, "?opened_by=dana@example.com&o=1")
    told = json.loads(AuditEvent.objects.get(action="connections.exported").body)
    assert (told["actor"], told["count"], told["format"]) == ("alice", 1, "jsonl")
    assert told["filter"] == {"opened_by": "dana@example.com"}


def test_an_address_that_is_not_understood_exports_nothing(operator, make_connection):
    make_connection()
    assert operator.post(f"{LIST}export/?status=opn").status_code == 400
    assert not AuditEvent.objects.filter(action="connections.exported").exists()


def test_a_link_exports_nothing(operator):
    assert operator.get(f"{LIST}export/").status_code == 405


def test_who_may_not_see_connections_exports_none(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("dave", is_staff=True))
    assert client.post(f"{LIST}export/").status_code == 403


def test_the_page_of_a_connection_shows_its_record(operator, make_connection):
    one = make_connection(device_name="Plant 7 <b>")
    record = json.loads(operator.get(f"{LIST}{one.pk}/change/").context["record"])
    assert (record["connection_id"], record["device_name"]) == (one.connection_id, "Plant 7 <b>")
