"""The page that asks before a run is started."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import Account, AuditEvent, Connection, StopRun, Worker
from connections.models.states import RunState
from connections.stops import plan
from tests.support.pages import text_of


@pytest.fixture
def operator(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def drafted(alice):
    """A draft of alice's over all connections there are."""

    def draft(selector=None):
        return plan.draft(alice, Connection.objects.order_by("pk"), selector or {"by": "ticked"})

    return draft


def url(run):
    return f"/admin/connections/stoprun/{run.key}/confirm/"


def confirm(client, run, **fields):
    return client.post(url(run), {"key": run.key, "reason": "leaked key", "ticket": "INC-7", **fields})


def test_it_says_how_many_connections_devices_accounts_and_people(operator, make_connection, drafted):
    make_connection(device_name="A", opened_by="x@example.com")
    make_connection(device_name="A", opened_by="y@example.com", account=Account.objects.create(name="eu-retail"))
    make_connection(device_name="", opened_by="")
    numbers = operator.get(url(drafted())).context["numbers"]
    found = [numbers[name] for name in ("connections", "devices", "accounts", "people")]
    assert found == [3, 2, 2, 2]


def test_it_says_the_median_and_the_longest_time_open(operator, make_connection, drafted):
    for minutes in (10, 70, 300):
        make_connection(opened_at=timezone.now() - timedelta(minutes=minutes, seconds=30))
    words = text_of(operator.get(url(drafted())))
    assert "median open for 1 h 10 min longest open for 5 h 00 min" in words


def test_it_breaks_down_by_service(operator, make_connection, drafted):
    for service in ("ssh", "ssh", "ssh", "ssh", "rdp", "rdp", ""):
        make_connection(service_name=service)
    services = operator.get(url(drafted())).context["bars"][1]
    assert services.rows == [("ssh", 4), ("rdp", 2), ("not known", 1)]


def test_many_people_are_told_as_the_first_and_the_others(operator, make_connection, drafted):
    for number in range(8):
        make_connection(opened_by=f"p{number}@example.com")
    make_connection(opened_by="p7@example.com")
    people = operator.get(url(drafted())).context["bars"][2].rows
    assert people[0] == ("p7@example.com", 2)
    assert people[-1] == ("4 others", 4)


def test_it_names_those_that_you_opened_yourself(operator, make_connection, drafted):
    make_connection(device_name="Jump host", service_name="ssh", opened_by="Alice@Example.com")
    make_connection()
    words = text_of(operator.get(url(drafted())))
    assert "1 of these you opened yourself" in words
    assert "Jump host (ssh)" in words


def test_somebody_without_an_address_opened_none_of_those_without_an_opener(operator, alice, make_connection, drafted):
    alice.email = ""
    alice.save()
    make_connection(opened_by="")
    assert "you opened yourself" not in text_of(operator.get(url(drafted())))


def test_it_says_what_is_skipped_and_why(operator, make_connection, drafted):
    make_connection()
    make_connection(status="ended")
    make_connection(status="stopping")
    words = text_of(operator.get(url(drafted())))
    assert "2 of the 3 will be skipped" in words
    assert "1 is not open any more" in words
    assert "1 is in another run" in words


def test_it_shows_what_is_skipped(operator, make_connection, drafted):
    make_connection(device_name="open")
    make_connection(device_name="gone", status="ended")
    page = operator.get(url(drafted()), {"show": "not_active"}).context["page"]
    assert [item.connection.device_name for item in page] == ["gone"]


def test_it_shows_all_of_the_frozen_list_a_page_at_a_time(operator, make_connection, drafted):
    for _ in range(51):
        make_connection()
    run = drafted()
    assert len(operator.get(url(run)).context["page"]) == 50
    assert len(operator.get(url(run), {"p": "2"}).context["page"]) == 1


def test_it_says_when_the_list_had_shown_another_number(operator, make_connection, drafted):
    make_connection()
    run = drafted({"by": "filter", "filter": {"status": "open"}, "shown": 3})
    assert "The list had shown 3; 1 are frozen." in text_of(operator.get(url(run)))


def test_it_says_by_which_filter_they_were_selected(operator, make_connection, drafted):
    make_connection()
    run = drafted({"by": "filter", "filter": {"service": "ssh"}, "query": "kiosk", "shown": 1})
    assert "status open, service ssh, search “kiosk”" in text_of(operator.get(url(run)))


def test_it_warns_when_no_worker_is_running(operator, make_connection, drafted):
    make_connection()
    run = drafted()
    assert "No worker is running" in text_of(operator.get(url(run)))
    Worker.objects.create(host="here", pid=1, beat_at=timezone.now())
    assert "No worker is running" not in text_of(operator.get(url(run)))


def test_it_says_that_it_keeps_nobody_from_opening_new_ones(operator, make_connection, drafted):
    make_connection()
    assert "does not keep anyone from opening" in text_of(operator.get(url(drafted())))


def test_confirming_starts_the_run_and_leads_to_its_page(operator, make_connection, drafted):
    make_connection()
    run = drafted()
    response = confirm(operator, run)
    run.refresh_from_db()
    assert run.state == RunState.STARTED
    assert response.url == f"/admin/connections/stoprun/{run.pk}/change/"


def test_it_keeps_the_reason_word_for_word(operator, make_connection, drafted):
    make_connection()
    run = drafted()
    confirm(operator, run, reason="Schlüssel “A” <leaked> & sold")
    run.refresh_from_db()
    assert run.reason == "Schlüssel “A” <leaked> & sold"


def test_the_history_has_the_address_it_was_asked_from(operator, make_connection, drafted):
    make_connection()
    confirm(operator, drafted())
    assert '"client_ip":"127.0.0.1"' in AuditEvent.objects.get(action="stop.requested").body


def test_the_same_form_sent_twice_leads_to_the_same_run(operator, make_connection, drafted):
    make_connection()
    run = drafted()
    assert confirm(operator, run).url == confirm(operator, run).url
    assert AuditEvent.objects.filter(action="stop.requested").count() == 1


def test_the_form_sent_again_leads_to_the_run_even_when_it_is_empty_by_now(operator, make_connection, drafted):
    make_connection()
    run = drafted()
    first = confirm(operator, run)
    assert confirm(operator, run, reason="").url == first.url


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_lead_to_one_run(alice, make_connection, drafted):
    make_connection()
    run = drafted()

    def click(_number):
        client = Client()
        client.force_login(alice)
        try:
            return confirm(client, run).url
        finally:
            database.close()

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(click, range(4)))) == 1
    assert AuditEvent.objects.filter(action="stop.requested").count() == 1


@pytest.mark.parametrize("reason", ["", "   \n "])
def test_without_a_reason_nothing_is_started_and_what_was_typed_stays(operator, make_connection, drafted, reason):
    make_connection()
    run = drafted()
    page = confirm(operator, run, reason=reason, ticket="INC-8").content.decode()
    run.refresh_from_db()
    assert run.state == RunState.DRAFT
    assert "Nothing was sent" in page
    assert 'id="id_reason_error"' in page
    assert 'value="INC-8"' in page


def test_more_than_a_hundred_ask_for_their_number(operator, make_connection, drafted):
    for _ in range(101):
        make_connection()
    run = drafted()
    assert "Type 101 to confirm" in text_of(operator.get(url(run)))
    assert "Type 101" in text_of(confirm(operator, run))


def test_a_wrong_number_starts_nothing(operator, make_connection, drafted):
    for _ in range(101):
        make_connection()
    run = drafted()
    page = confirm(operator, run, count="110")
    run.refresh_from_db()
    assert "You typed 110; this covers 101 connections." in text_of(page)
    assert run.state == RunState.DRAFT


@pytest.mark.parametrize("typed", ["101", " 101 "])
def test_the_right_number_starts_it(operator, make_connection, drafted, typed):
    for _ in range(101):
        make_connection()
    run = drafted()
    confirm(operator, run, count=typed)
    run.refresh_from_db()
    assert run.state == RunState.STARTED


def test_a_hundred_ask_for_no_number(operator, make_connection, drafted):
    for _ in range(100):
        make_connection()
    assert "to confirm" not in text_of(operator.get(url(drafted())))


def test_where_nothing_can_be_stopped_there_is_no_button(operator, make_connection, drafted):
    make_connection(status="ended")
    page = operator.get(url(drafted()))
    assert b"button cut" not in page.content
    assert "None of these connections can be stopped" in text_of(page)


def test_an_expired_list_has_no_button_and_starts_nothing(operator, make_connection, drafted):
    make_connection()
    run = drafted()
    StopRun.objects.update(frozen_at=timezone.now() - plan.DRAFT_LIFETIME - timedelta(seconds=1))
    assert b"button cut" not in operator.get(url(run)).content
    assert "older than 30 minutes" in text_of(confirm(operator, run))
    run.refresh_from_db()
    assert run.state == RunState.DRAFT


def test_a_form_of_another_list_starts_nothing(operator, make_connection, drafted):
    make_connection()
    run, other = drafted(), drafted()
    assert "belongs to another list" in text_of(confirm(operator, run, key=other.key))
    assert not StopRun.objects.started().exists()


def test_the_draft_of_somebody_else_is_not_there(operator, admin_user, make_connection):
    make_connection()
    run = plan.draft(admin_user, Connection.objects.all(), {})
    assert operator.get(url(run)).status_code == 404
    assert confirm(operator, run).status_code == 404


def test_more_connections_take_no_more_queries(operator, make_connection, drafted):
    def queries():
        run = drafted()
        with CaptureQueriesContext(database) as captured:
            operator.get(url(run))
        return len(captured)

    for _ in range(10):
        make_connection()
    few = queries()
    for _ in range(40):
        make_connection()
    assert queries() == few
