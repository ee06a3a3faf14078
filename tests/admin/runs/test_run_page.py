from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from connections.models import Account, Connection, StopRun
from connections.stops import plan
from tests.support.pages import text_of
from tests.support.runs import living_worker, put, start_run

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]
DASH = "\N{EN DASH}"
RUNS = "/admin/connections/stoprun/"


def page(client: Client, user: User, run: StopRun, query: str = "") -> str:
    client.force_login(user)
    return client.get(f"{RUNS}{run.pk}/change/{query}").content.decode()


def test_the_title_says_how_many_are_answered(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection()
    run = start_run(alice, one, two)
    put(one, "stopped")
    assert f"<title>1 of 2 answered · run {run.pk} | remoteit-admin</title>" in page(client, alice, run)


def test_a_done_run_claims_no_more_than_the_api_answered(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    stopped, gone, refused, unknown = (make_connection() for _ in range(4))
    run = start_run(alice, stopped, gone, refused, unknown)
    put(stopped, "stopped")
    put(gone, "already_gone", upstream_status=401)
    put(refused, "refused", upstream_status=401)
    put(unknown, "unknown", upstream_status=None)
    html = page(client, alice, run)
    assert "1 of 4 stopped (accepted by remote.it), 1 already gone, 1 not stopped, 1 unknown" in html
    assert "Whether these connections are really gone has not been verified." in html


def test_the_reason_is_shown_word_for_word(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "refused", upstream_status=401, upstream_reason="deviceaddress is <b>incorrect</b>")
    html = page(client, alice, run)
    assert "HTTP 401" in html
    assert '<span class="verbatim">“deviceaddress is &lt;b&gt;incorrect&lt;/b&gt;”</span>' in html


def test_our_own_words_are_not_put_in_quotes(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "unknown", upstream_status=503, upstream_reason="No yes or no in the answer: HTTP 503, empty body")
    html = page(client, alice, run)
    assert '<span class="quiet">No yes or no in the answer: HTTP 503, empty body</span>' in html


def test_gone_after_an_unclear_attempt_is_possibly_ours(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "already_gone", unclear_attempt=1, attempts=2)
    assert "gone, possibly by our attempt 1" in page(client, alice, run)


def test_unknown_says_what_to_do(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "unknown", upstream_status=None, upstream_reason="no answer")
    html = page(client, alice, run)
    assert "may have been stopped" in html
    assert "or stop it again" in html


def test_skipped_items_say_why(client: Client, alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection(), make_connection(status="ended"))
    assert "not open any more" in page(client, alice, run, "?outcome=skipped")


def test_a_failed_item_was_not_sent(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "failed", upstream_status=None, upstream_reason="The API refused the connection")
    row = page(client, alice, run).split("<tbody>")[-1].split("</tbody>")[0]
    assert text_of(row).split()[-3:] == ["1", DASH, DASH]


def test_it_warns_when_no_worker_is_alive(client: Client, alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    assert "python manage.py worker" in page(client, alice, run)
    living_worker()
    assert "python manage.py worker" not in page(client, alice, run)


def test_a_paused_account_says_until_when_and_by_whose_wish(
    client: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    run = start_run(alice, make_connection())
    account.paused_until = timezone.now() + timedelta(minutes=2)
    account.paused_why = "remote.it asked for a pause: HTTP 429"
    account.save()
    shown = text_of(page(client, alice, run))
    assert f"paused until {account.paused_until:%H:%M:%S}" in re.sub(r"\d{4}-\d\d-\d\d ", "", shown)
    assert "remote.it asked for a pause: HTTP 429" in shown


def test_an_outcome_lists_its_items_alone(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(device_name="Kiosk A"), make_connection(device_name="Kiosk B")
    run = start_run(alice, one, two)
    put(one, "refused")
    html = page(client, alice, run, "?outcome=refused")
    assert "Kiosk A" in html
    assert "Kiosk B" not in html


@pytest.mark.parametrize("query", ["outcome=refusde", "outcome=all&page=2", "outcome=all&page=x"])
def test_what_is_not_known_lists_nothing(
    client: Client, alice: User, make_connection: MakeConnection, query: str
) -> None:
    run = start_run(alice, make_connection(device_name="Kiosk A"))
    client.force_login(alice)
    answer = client.get(f"{RUNS}{run.pk}/change/?{query}")
    assert answer.status_code == 400
    assert "Nothing is listed." in answer.content.decode()
    assert "Kiosk A" not in answer.content.decode()


def test_items_come_a_page_at_a_time(client: Client, alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, *(make_connection() for _ in range(51)))
    html = page(client, alice, run, "?outcome=all&page=2")
    assert html.count('data-label="tries"') == 1
    assert f"51{DASH}51 of 51" in html


def test_without_scripts_a_running_run_loads_again(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    again = '<noscript><meta http-equiv="refresh" content="5"></noscript>'
    assert again in page(client, alice, run)
    put(one, "stopped", verdict="confirmed_gone", answered_at=timezone.now() - timedelta(hours=1))
    assert again not in page(client, alice, run)


def test_the_refresh_serves_what_the_page_shows(client: Client, alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    client.force_login(alice)
    part = client.get(f"{RUNS}{run.pk}/progress/").content.decode()
    assert re.match(r"\s*<div\s+data-refreshed\s", part)
    assert "<html" not in part
    own, of_the_navigation, _ = part.partition('<span data-part="section-c">')
    assert text_of(own) in text_of(page(client, alice, run))
    assert of_the_navigation


def test_the_refresh_says_when_it_is_over(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    client.force_login(alice)
    assert "data-final" not in client.get(f"{RUNS}{run.pk}/progress/").content.decode()
    put(one, "stopped", verdict="confirmed_gone", answered_at=timezone.now() - timedelta(hours=1))
    assert "data-final" in client.get(f"{RUNS}{run.pk}/progress/").content.decode()


def test_a_run_of_somebody_else_is_not_there(
    client: Client, alice: User, bob: User, carol: User, make_connection: MakeConnection
) -> None:
    run = start_run(alice, make_connection())
    for path in (f"{RUNS}{run.pk}/change/", f"{RUNS}{run.pk}/progress/"):
        client.force_login(bob)
        assert client.get(path).status_code == 404
        client.force_login(carol)
        assert client.get(path).status_code == 200


def test_a_draft_is_no_run_yet(client: Client, alice: User, make_connection: MakeConnection) -> None:
    make_connection()
    run = plan.draft(alice, Connection.objects.all(), {})
    client.force_login(alice)
    assert client.get(f"{RUNS}{run.pk}/change/").status_code == 404
    assert "No runs yet" in client.get(RUNS).content.decode()


def test_runs_are_for_those_who_may_see_connections(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("nobody", password="x", is_staff=True))
    assert client.get(RUNS).status_code == 403


def test_a_run_can_not_be_made_changed_or_deleted_here(
    client: Client, admin_user: User, make_connection: MakeConnection
) -> None:
    run = start_run(admin_user, make_connection())
    client.force_login(admin_user)
    assert client.get(f"{RUNS}add/").status_code == 403
    assert client.get(f"{RUNS}{run.pk}/delete/").status_code == 403
    assert client.post(f"{RUNS}{run.pk}/change/", {"reason": "another"}).status_code == 405


def test_the_list_says_what_became_of_each_run(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection()
    run = start_run(alice, one, two, reason="Vendor key leaked", ticket="INC-7")
    put(one, "stopped")
    put(two, "unknown")
    client.force_login(alice)
    shown = text_of(client.get(RUNS).content.decode())
    assert all(words in shown for words in (str(run.pk), "Vendor key leaked", "INC-7", "1 accepted", "1 unknown"))


def test_the_list_is_split_by_state(client: Client, alice: User, make_connection: MakeConnection) -> None:
    going, done, trouble = make_connection(), make_connection(), make_connection()
    start_run(alice, going, reason="first reason")
    start_run(alice, done, reason="second reason")
    start_run(alice, trouble, reason="third reason")
    put(done, "stopped")
    put(trouble, "refused")
    client.force_login(alice)
    for state, expected in (("going", {"first"}), ("done", {"second", "third"}), ("attention", {"third"})):
        html = client.get(f"{RUNS}?state={state}").content.decode()
        assert {word for word in ("first", "second", "third") if f"{word} reason" in html} == expected


def test_an_unknown_state_of_the_list_lists_nothing(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    start_run(alice, make_connection(), reason="Vendor key leaked")
    client.force_login(alice)
    answer = client.get(f"{RUNS}?state=dnoe")
    assert answer.status_code == 400
    assert "Vendor key leaked" not in answer.content.decode()


def test_the_number_of_queries_does_not_grow_with_the_rows(
    client: Client,
    alice: User,
    make_connection: MakeConnection,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    connections = [make_connection() for _ in range(20)]
    run = start_run(alice, *connections[:10])
    for connection in connections[10:]:
        start_run(alice, connection)
    living_worker()  # without one it is tried whether the database can be written
    client.force_login(alice)
    for path in (RUNS, f"{RUNS}{run.pk}/change/"):
        with django_assert_max_num_queries(40):
            client.get(path)


def test_the_run_leads_to_its_history(client: Client, alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    client.force_login(alice)
    answer = client.get(f"{RUNS}{run.pk}/history/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/connections/auditevent/?run={run.pk}")


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        (
            {"by": "filter", "filter": {"status": "unknown"}, "query": "pump"},
            "all status unknown, search “pump”",
        ),
        ({"door": "web", "by": "ticked", "shown": 3}, "ticked one by one"),
        ({"again": 7}, "what run 7 did not stop"),
        ({"door": "command", "ids": 2, "file": "ids.txt"}, "2 ids in the file ids.txt"),
        ({"door": "command", "all": "active"}, "all that were active"),
    ],
)
def test_it_says_in_words_how_they_were_selected(
    client: Client, alice: User, make_connection: MakeConnection, selector: dict[str, object], words: str
) -> None:
    run = start_run(alice, make_connection())
    StopRun.objects.update(selector=selector)
    client.force_login(alice)
    assert f"<dd>{words}</dd>" in client.get(f"{RUNS}{run.pk}/change/").content.decode()
