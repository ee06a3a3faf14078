"""Everything that matches a filter, taken at once: more than a page shows, than a form holds, than is counted."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from connections.models import Account, AuditEvent, Connection, StopRun
from connections.words import counts
from tests.admin.runs.test_confirm import confirm, text_of

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]
LIST = "/admin/connections/connection/"
CAME_OR_WENT = "Connections came or went"


def select_all(client: Client, query: str, page: str | None = None) -> str:
    """Send the list's own form for all that match, as it stands in `page`; returns the text of the page that asks."""
    page = page or client.get(LIST + query).content.decode()
    shown = re.search(r'name="shown" value="(.*?)"', page)
    assert shown is not None
    fields = {"action": "stop_selected", "select_across": "1", "shown": shown[1]}
    return text_of(client.post(LIST + query, fields, follow=True))


def make_many(account: Account, count: int) -> None:
    ids = [str(uuid4()).upper() for _ in range(count)]
    Connection.objects.bulk_create(
        Connection(
            account=account,
            device_address=f"80:00:00:00:01:00:{n >> 8:02X}:{n & 255:02X}",
            connection_id=id_,
            connection_key=id_.lower(),
            service_name="ssh",
            known_by="listed",
        )
        for n, id_ in enumerate(ids)
    )


def sha256_of(lines: list[tuple[str, ...]]) -> str:
    return hashlib.sha256("".join("\t".join(line) + "\n" for line in lines).encode()).hexdigest()


def test_more_than_two_thousand_are_frozen_in_the_list_s_order_and_started(
    operator: Client, account: Account, make_connection: MakeConnection
) -> None:
    make_many(account, 2050)
    make_connection(service_name="rdp")
    assert "Stop 2,050 connections?" in select_all(operator, "?service=ssh")
    run = StopRun.objects.get()
    confirm(operator, run, count="2,050")
    run.refresh_from_db()
    names = ("account__name", "device_address", "connection_id")
    matching = Connection.objects.filter(service_name="ssh")
    frozen = list(run.items.queued().order_by("pk").values_list(*(f"connection__{name}" for name in names)))
    requested = json.loads(AuditEvent.objects.get(action="stop.requested").body)
    assert (run.state, requested["count"]) == ("started", 2050)
    assert requested["list_sha256"] == sha256_of(frozen)
    assert sorted(frozen) == sorted(matching.values_list(*names))


def test_it_says_when_the_list_had_shown_another_number(operator: Client, make_connection: MakeConnection) -> None:
    make_connection()
    before = operator.get(LIST).content.decode()
    make_connection()
    assert "The list had shown 1; 2 are frozen." in select_all(operator, "", before)


def test_it_says_nothing_of_a_number_that_was_the_same(operator: Client, make_connection: MakeConnection) -> None:
    make_connection()
    assert CAME_OR_WENT not in select_all(operator, "")


@pytest.mark.parametrize("came", [0, 1])
def test_a_list_that_was_not_counted_to_its_end_had_shown_no_number(
    operator: Client, make_connection: MakeConnection, monkeypatch: pytest.MonkeyPatch, came: int
) -> None:
    monkeypatch.setattr(counts, "CAP", 3)
    for _ in range(6):
        make_connection()
    before = operator.get(LIST).content.decode()
    for _ in range(came):
        make_connection()
    asked = select_all(operator, "", before)
    assert f"Stop {6 + came} connections?" in asked
    assert CAME_OR_WENT not in asked
