"""What the list asks for by itself while it is looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.admin.connections.refresh import MOST_ROWS
from connections.models import Account, Connection
from connections.words import counts as counting
from tests.support.pages import text_of

LIST = "/admin/connections/connection/"
MakeConnection = Callable[..., Connection]


def refresh(client: Client, *shown: Connection, **more: object) -> HttpResponse:
    """Ask as the page would that showed these rows, a minute ago."""
    asked = {
        "rows": ",".join(str(one.pk) for one in shown),
        "since": f"{(timezone.now() - timedelta(minutes=1)).timestamp():.6f}",
        "newest": str(max((one.pk for one in shown), default=0)),
    }
    return client.get(f"{LIST}refresh/", {**asked, **more})


def row_of(response: HttpResponse, connection: Connection) -> str:
    found = re.search(rf'<tr data-key="{connection.pk}".*?</tr>', response.content.decode(), re.DOTALL)
    assert found, f"no row of {connection}"
    return found[0]


def end(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(status="ended", status_at=timezone.now(), absent_seq=9)


@pytest.fixture
def shown(make_connection: MakeConnection) -> Connection:
    return make_connection(status_at=timezone.now() - timedelta(hours=1))


def test_a_row_comes_as_the_page_shows_it(operator: Client, shown: Connection) -> None:
    def bare(response: HttpResponse) -> str:
        return re.sub(r">\d+ s ago<|>now<", "", row_of(response, shown))

    assert bare(refresh(operator, shown)) == bare(operator.get(LIST))


def test_a_row_that_ended_comes_all_the_same_with_what_it_is_now(operator: Client, shown: Connection) -> None:
    end(shown)
    row = row_of(refresh(operator, shown), shown)
    assert "gone-row" in row
    assert "without us: in neither of two complete lists" in row
    assert re.search(r"changed <time [^>]*>(now|\d s ago)</time>", row)


def test_a_row_that_changed_and_still_matches_is_not_greyed(operator: Client, shown: Connection) -> None:
    Connection.objects.update(status="unknown", status_at=timezone.now())
    row = row_of(refresh(operator, shown), shown)
    assert "changed-row" in row
    assert "gone-row" not in row


def test_a_row_that_left_the_filter_for_another_reason_says_so(operator: Client, shown: Connection) -> None:
    row = row_of(refresh(operator, shown, service="rdp"), shown)
    assert "gone-row" in row
    assert "does not match any more" in row


def test_a_newer_one_is_offered_and_not_sent(operator: Client, shown: Connection, make_connection) -> None:
    newer = make_connection(device_name="newcomer")
    answer = refresh(operator, shown)
    assert "Show 1 newer connection" in text_of(answer)
    assert newer.device_name not in text_of(answer)


def test_what_is_newer_and_does_not_match_is_not_offered(operator: Client, shown: Connection, make_connection) -> None:
    make_connection(status="ended")
    assert "newer connection" not in text_of(refresh(operator, shown))


def test_the_offer_leads_to_the_newer_ones_alone(operator: Client, shown: Connection, make_connection) -> None:
    newer = make_connection()
    answer = refresh(operator, shown, account="default")
    offered = re.search(r'href="([^"]+)">\s*Show 1 newer', answer.content.decode())
    assert offered
    page = operator.get(LIST + offered[1].replace("&amp;", "&"))
    assert [one.pk for one in page.context["cl"].result_list] == [newer.pk]
    assert page.context["cl"].chosen.match.text == f"account:default newer:{shown.pk}"
    assert "Newer connections only" in text_of(page)


@pytest.mark.parametrize("value", ["", "abc", "-1", "9" * 30])
def test_newer_than_what_is_no_record_is_not_understood(operator: Client, shown: Connection, value: str) -> None:
    assert operator.get(LIST, {"newer": value}).status_code == 400


def test_counts_are_of_now(operator: Client, shown: Connection, make_connection) -> None:
    make_connection()
    answer = refresh(operator, shown)
    counts = {str(tab.label): tab.count for tab in answer.context["tabs"]}
    assert (counts["Open"], counts["All"]) == ("2", "2")
    assert "Select all 2 that match" in text_of(answer)
    assert 'data-count="2"' in answer.content.decode()


def test_a_list_that_is_not_counted_to_its_end_sends_no_number(
    operator: Client, shown: Connection, make_connection: MakeConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "CAP", 1)
    make_connection()
    assert 'data-count=""' in refresh(operator, shown).content.decode()


def test_it_says_how_complete_the_lists_are(operator: Client, shown: Connection) -> None:
    Account.objects.update(listed_at=timezone.now(), list_why="HTTP 504")
    assert "HTTP 504" in text_of(refresh(operator, shown))


def test_it_counts_under_the_filter_that_is_set(operator: Client, shown: Connection, make_connection) -> None:
    make_connection(service_name="rdp")
    assert "of 1 , counted" not in text_of(refresh(operator, shown))
    assert 'data-count="1"' in refresh(operator, shown, service="ssh").content.decode()


def test_a_page_without_rows_is_refreshed_too(operator: Client, make_connection: MakeConnection) -> None:
    make_connection()
    assert "Show 1 newer connection" in text_of(refresh(operator))


def test_who_may_not_stop_gets_rows_without_boxes(client: Client, bob: User, shown: Connection) -> None:
    client.force_login(bob)
    answer = refresh(client, shown)
    assert "_selected_action" not in answer.content.decode()
    assert "that match" not in text_of(answer)


def test_it_takes_the_permission_to_see(client: Client, shown: Connection) -> None:
    client.force_login(User.objects.create_user("newcomer", is_staff=True))
    assert refresh(client, shown).status_code == 403


def test_nobody_signed_in_is_led_to_the_sign_in(client: Client, shown: Connection) -> None:
    assert refresh(client, shown).status_code == 302


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": "1,x"},
        {"rows": ",".join("1" * (MOST_ROWS + 1))},
        {"since": "yesterday"},
        {"since": "nan"},
        {"since": "1e400"},
        {"newest": "x"},
        {"acount": "default"},
        {"status": "opne"},
    ],
)
def test_what_it_does_not_understand_it_refuses(operator: Client, shown: Connection, wrong: dict[str, str]) -> None:
    assert refresh(operator, shown, **wrong).status_code == 400


def test_it_can_only_be_read(operator: Client) -> None:
    assert operator.post(f"{LIST}refresh/").status_code == 405


def test_more_rows_take_no_more_queries(operator: Client, make_connection: MakeConnection) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert refresh(operator, *Connection.objects.all()).status_code == 200
        return len(captured)

    make_connection()
    few = queries()
    for number in range(30):
        make_connection(account=Account.objects.create(name=f"account {number}"))
    assert queries() == few
