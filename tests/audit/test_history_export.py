"""The download of the history: what the page shows, all of it, in two formats; and each leaves a line."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from connections.audit import export
from connections.audit.append import Entry, append
from connections.audit.export_csv import harmless
from connections.models import AuditEvent
from tests.support.runs import WEB

pytestmark = pytest.mark.django_db
HISTORY = "/admin/connections/auditevent/"


def tell(actor: User, count: int = 1, **facts: Any) -> None:
    with transaction.atomic():
        append([Entry("connection.added", WEB, actor=actor, facts=facts) for _ in range(count)])


def table(client: Client, user: User, **query: object) -> list[dict[str, str]]:
    client.force_login(user)
    text = client.post(f"{HISTORY}export/csv/", query_params=query).getvalue().decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def exported_line() -> dict[str, Any]:
    return dict(json.loads(AuditEvent.objects.get(action="history.exported").body))


def test_csv_has_what_the_page_shows(client: Client, carol: User, alice: User) -> None:
    tell(alice, reason="Kühlhaus")
    tell(carol)
    rows = table(client, carol, actor=alice.pk)
    assert [(row["actor"], row["reason"], row["client_ip"]) for row in rows] == [("alice", "Kühlhaus", "192.0.2.7")]


def test_csv_is_a_file_to_keep(client: Client, alice: User) -> None:
    client.force_login(alice)
    answer = client.post(f"{HISTORY}export/csv/")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].endswith('.csv"')
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_page_leads_to_both_with_its_filters(client: Client, alice: User) -> None:
    client.force_login(alice)
    shown = client.get(HISTORY, {"action": "stop.requested"}).content.decode()
    assert f'formaction="{HISTORY}export/?action=stop.requested"' in shown
    assert f'formaction="{HISTORY}export/csv/?action=stop.requested"' in shown


def test_a_download_is_told_with_its_filter_and_count(client: Client, carol: User, alice: User) -> None:
    tell(alice, count=3)
    tell(carol)
    table(client, carol, actor=alice.pk)
    line = exported_line()
    assert (line["actor"], line["format"], line["count"], line["up_to"]) == ("carol", "csv", 3, 4)
    assert line["filter"] == {"actor": str(alice.pk)}
    assert (line["origin"], line["client_ip"]) == ("web", "127.0.0.1")


def test_it_is_told_before_the_first_byte(client: Client, alice: User) -> None:
    tell(alice)
    client.force_login(alice)
    client.post(f"{HISTORY}export/")  # and nothing of it is read
    assert exported_line()["count"] == 1


def test_it_has_exactly_the_lines_that_were_counted(client: Client, alice: User) -> None:
    tell(alice, count=2)
    client.force_login(alice)
    answer = client.post(f"{HISTORY}export/")
    tell(alice, count=5)
    assert len(answer.getvalue().splitlines()) == exported_line()["count"] == 2


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("address", ["export/", "export/csv/"])
def test_a_link_writes_nothing_in_the_name_of_who_follows_it(
    client: Client, alice: User, method: str, address: str
) -> None:
    client.force_login(alice)
    assert getattr(client, method)(f"{HISTORY}{address}").status_code == 405
    assert not AuditEvent.objects.exists()


def test_it_reaches_over_many_chunks(client: Client, alice: User) -> None:
    tell(alice, count=2 * export.CHUNK + 1)
    client.force_login(alice)
    lines = client.post(f"{HISTORY}export/").getvalue().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, 2 * export.CHUNK + 2))


def test_the_history_says_who_took_a_copy(client: Client, carol: User, alice: User) -> None:
    tell(alice, count=1204)
    table(client, carol)
    assert "exported 1,204 lines as CSV" in client.get(HISTORY).content.decode()


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),  # a full-width sign
        ("fine;=1+1", "fine;'=1+1"),
        ("two\n@SUM(A1)", "two\n'@SUM(A1)"),
        ("a\t-1", "a\t'-1"),
        ("3-2=1", "3-2=1"),
        ("why; because", "why; because"),
    ],
)
def test_no_cell_starts_a_formula_however_cells_are_divided(text: str, cell: str) -> None:
    assert harmless(text) == cell


def test_what_a_browser_calls_itself_starts_no_formula(client: Client, alice: User) -> None:
    client.force_login(alice)
    client.post(f"{HISTORY}export/", headers={"User-Agent": "=HYPERLINK(1)"})
    assert table(client, alice)[0]["user_agent"] == "'=HYPERLINK(1)"
