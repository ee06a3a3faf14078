"""The table of a run is searched and narrowed as the list of connections is, and printed whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.models import Connection, StopRun
from tests.support.pages import text_of
from tests.support.runs import put, start_run

pytestmark = pytest.mark.django_db
Make = Callable[..., Connection]


@pytest.fixture
def run(alice: User, make_connection: Make) -> StopRun:
    gates = [
        make_connection(device_name=f"Gate {number}", opened_by=f"{who}@example.com")
        for number, who in enumerate(("dana", "dana", "ali"))
    ]
    started = start_run(alice, *gates)
    for one in gates:
        put(one, "stopped", verdict="confirmed_gone")
    Connection.objects.update(status="stopped")
    return started


def table(client: Client, run: StopRun, query: str = "", status: int = 200) -> str:
    answer = client.get(f"/admin/connections/stoprun/{run.pk}/change/?outcome=all{query}")
    assert answer.status_code == status
    html = answer.content.decode().split('id="items"')[1]
    return text_of(html[html.index("<tbody>") if "<tbody>" in html else 0 :])


def test_it_says_who_opened_each(operator: Client, run: StopRun) -> None:
    assert "dana@example.com" in table(operator, run)


@pytest.mark.parametrize("query", ["&q=ali", "&person=ali@example.com", "&device=Gate+2"])
def test_it_is_narrowed_by_search_person_and_device(operator: Client, run: StopRun, query: str) -> None:
    shown = table(operator, run, query)
    assert "Gate 2" in shown
    assert "Gate 1" not in shown


def test_a_search_finds_what_is_not_open_any_more(operator: Client, run: StopRun) -> None:
    assert "Gate 1" in table(operator, run, "&q=gate+1")


def test_what_is_not_understood_lists_nothing(operator: Client, run: StopRun) -> None:
    assert "Gate" not in table(operator, run, "&q=nofield:x+or", 400).split("Nothing is listed.")[1][:300]


def test_all_rows_of_a_long_run_can_be_printed(operator: Client, alice: User, make_connection: Make) -> None:
    long = start_run(alice, *(make_connection() for _number in range(60)))
    page = operator.get(f"/admin/connections/stoprun/{long.pk}/change/?outcome=all").content.decode()
    assert "Print all 60" in text_of(page)
    assert page.count('class="field-device"') == 50
    whole = operator.get(f"/admin/connections/stoprun/{long.pk}/change/?outcome=all&print=all").content.decode()
    assert whole.count('class="field-device"') == 60
