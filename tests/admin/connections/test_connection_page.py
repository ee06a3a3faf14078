"""The page of one connection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import transaction
from django.test import Client
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import AuditEvent, Connection, StopRun
from connections.models.runs import new_key
from connections.models.states import RunState
from connections.stops import plan
from tests.support.pages import text_of


@pytest.fixture
def operator(client, alice):
    client.force_login(alice)
    return client


def url(connection):
    return f"/admin/connections/connection/{connection.pk}/change/"


def stop(client, connection, **fields):
    sent = {"key": new_key(), "reason": "leaked key", "ticket": "", **fields}
    return client.post(f"/admin/connections/connection/{connection.pk}/stop/", sent)


def run_of(user, connection, reason="idle for hours"):
    run = plan.draft(user, Connection.objects.filter(pk=connection.pk), {})
    return plan.start(run.key, user, reason=reason, origin=Origin("web"))


def test_it_shows_the_id_letter_for_letter(operator, make_connection):
    connection = make_connection(connection_id="AbCdEf00-1111-4222-8333-444444444444")
    assert "AbCdEf00-1111-4222-8333-444444444444" in text_of(operator.get(url(connection)))


def test_stopping_starts_a_run_of_one_and_leads_to_it(operator, make_connection):
    connection = make_connection()
    make_connection()
    response = stop(operator, connection, ticket="INC-9")
    run = StopRun.objects.get()
    assert response.url == f"/admin/connections/stoprun/{run.pk}/change/"
    assert (run.state, run.reason, run.ticket) == (RunState.STARTED, "leaked key", "INC-9")
    assert [item.connection for item in run.items.all()] == [connection]


def test_the_same_form_sent_twice_leads_to_the_same_run(operator, make_connection):
    connection = make_connection()
    key = new_key()
    assert stop(operator, connection, key=key).url == stop(operator, connection, key=key).url
    assert StopRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_lead_to_one_run(alice, make_connection):
    connection, key = make_connection(), new_key()

    def click(_number):
        client = Client()
        client.force_login(alice)
        try:
            return stop(client, connection, key=key).url
        finally:
            database.close()

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(click, range(4)))) == 1
    assert StopRun.objects.count() == 1


def test_each_load_of_the_page_has_a_key_of_its_own(operator, make_connection):
    connection = make_connection()
    keys = {operator.get(url(connection)).context["form"]["key"].value() for _ in range(2)}
    assert len(keys) == 2


def test_a_key_that_was_used_for_another_connection_stops_nothing(operator, make_connection):
    first, second = make_connection(), make_connection()
    key = new_key()
    stop(operator, first, key=key)
    assert "used already" in text_of(stop(operator, second, key=key))
    assert not second.stop_items.exists()


def test_a_key_of_somebody_else_stops_nothing(operator, admin_user, make_connection):
    connection = make_connection()
    theirs = plan.draft(admin_user, Connection.objects.filter(pk=connection.pk), {})
    assert "not yours" in text_of(stop(operator, connection, key=theirs.key))
    assert not StopRun.objects.started().exists()


@pytest.mark.parametrize("key", ["", "short", "x" * 33, "has spaces in its middle"])
def test_a_form_without_a_proper_key_stops_nothing(operator, make_connection, key):
    response = stop(operator, make_connection(), key=key)
    assert "Nothing was sent" in text_of(response)
    assert not StopRun.objects.exists()


def test_without_a_reason_nothing_is_started_and_what_was_typed_stays(operator, make_connection):
    page = stop(operator, make_connection(), reason=" ", ticket="INC-8").content.decode()
    assert not StopRun.objects.exists()
    assert 'id="id_reason_error"' in page
    assert 'value="INC-8"' in page


@pytest.mark.parametrize(
    ("status", "words"),
    [("stopped", "It is stopped"), ("ended", "It has ended"), ("stopping", "A stop is under way")],
)
def test_what_cannot_be_stopped_says_why_and_has_no_button(operator, make_connection, status, words):
    page = operator.get(url(make_connection(status=status)))
    assert words in text_of(page)
    assert b"button cut" not in page.content


@pytest.mark.parametrize("status", ["stopped", "ended", "stopping"])
def test_what_cannot_be_stopped_starts_no_run_and_leaves_no_draft(operator, make_connection, status):
    response = stop(operator, make_connection(status=status))
    assert "Nothing was sent" in text_of(response)
    assert not StopRun.objects.exists()


def test_a_connection_that_a_run_is_about_to_stop_shows_that_run(operator, alice, make_connection):
    connection = make_connection()
    run = run_of(alice, connection)
    page = operator.get(url(connection))
    assert "A run is about to stop it" in text_of(page)
    assert f"/admin/connections/stoprun/{run.pk}/change/" in page.content.decode()


def test_an_unknown_one_can_be_stopped_again_and_says_what_that_means(operator, make_connection):
    connection = make_connection(status="unknown")
    page = operator.get(url(connection))
    assert "Stop it again" in text_of(page)
    assert "does not document what a second stop does" in text_of(page)
    assert stop(operator, connection).status_code == 302


def test_it_tells_what_happened_to_it(operator, alice, make_connection):
    connection = make_connection()
    run = run_of(alice, connection, reason="idle for hours")
    facts = {"attempt": 1, "outcome": "refused", "upstream_status": 401, "upstream_reason": "connectionid is incorrect"}
    with transaction.atomic():
        append([Entry("stop.answered", Origin("worker"), actor=alice, connection=connection, run=run, facts=facts)])
    words = text_of(operator.get(url(connection)))
    assert "asked to stop 1 connection" in words
    assert "idle for hours" in words
    assert "refused" in words
    assert "“connectionid is incorrect”" in words


def test_it_tells_nothing_of_others(operator, alice, make_connection):
    run_of(alice, make_connection(), reason="something else")
    assert "something else" not in text_of(operator.get(url(make_connection())))


def test_a_run_that_one_may_not_read_is_named_and_not_linked(client, bob, admin_user, make_connection):
    client.force_login(bob)
    connection = make_connection()
    run = run_of(admin_user, connection)
    with transaction.atomic():
        append([Entry("stop.sent", Origin("worker"), actor=admin_user, connection=connection, run=run)])
    page = client.get(url(connection))
    assert f"run {run.pk}" in text_of(page)
    assert f"/admin/connections/stoprun/{run.pk}/" not in page.content.decode()


def test_it_leads_to_open_ones_of_the_same_device(operator, make_connection):
    connection = make_connection(device_name="Kiosk & Co 7")
    make_connection(device_name="Kiosk & Co 7")
    make_connection(device_name="Kiosk & Co 7", status="ended")
    page = operator.get(url(connection))
    assert page.context["same_device"] == "2"
    listed = operator.get("/admin/connections/connection/?device=Kiosk%20%26%20Co%207")
    assert listed.context["cl"].result_count == 2


def test_past_its_end_it_is_not_called_active(operator, make_connection):
    page = operator.get(url(make_connection(expires_at=timezone.now() - timedelta(minutes=1))))
    assert "past its end" in text_of(page)
    assert "status-active" not in page.content.decode()


def test_its_history_is_the_audit(operator, make_connection):
    connection = make_connection()
    response = operator.get(f"/admin/connections/connection/{connection.pk}/history/")
    assert response.url == f"/admin/connections/auditevent/?connection={connection.pk}"


@pytest.mark.parametrize("pk", ["0", "999999", "abc", "9" * 25])
def test_a_connection_that_is_not_there_is_404(operator, pk):
    assert operator.get(f"/admin/connections/connection/{pk}/change/").status_code == 404


def test_looking_writes_nothing(operator, make_connection):
    operator.get(url(make_connection()))
    assert not StopRun.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="stop.").exists()
