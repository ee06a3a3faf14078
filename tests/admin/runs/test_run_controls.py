"""A person's control over a run, from its page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import AuditEvent, Connection, StopItem, StopRun, Worker
from connections.stops import control, plan
from connections.stops.progress.progress import read_progress
from tests.support import pages
from tests.support.runs import WEB, living_worker, put, start_run

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]
RUNS = "/admin/connections/stoprun/"
MAY_STEER = ("pause", "resume", "cancel", "again")


def change(run: StopRun) -> str:
    return f"{RUNS}{run.pk}/change/"


def way(run: StopRun, name: str) -> str:
    return f"{RUNS}{run.pk}/{name}/"


def html_of(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def text_of(client: Client, path: str) -> str:
    return pages.text_of(html_of(client, path))


def buttons(client: Client, run: StopRun) -> set[str]:
    """The ways that the run's page offers."""
    return set(
        re.findall(rf'(?:formaction|href)="{RUNS}{run.pk}/({"|".join(MAY_STEER)})/["?]', html_of(client, change(run)))
    )


def run_over(user: User, connection: Connection, state: str, **facts: object) -> StopRun:
    run = start_run(user, connection, reason="Vendor key leaked", ticket="INC-7")
    put(connection, state, **facts)
    return run


# -- which buttons there are


def test_a_running_run_can_be_paused_and_cancelled(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = start_run(alice, make_connection(), make_connection())
    assert buttons(operator, run) == {"pause", "cancel"}
    assert "Cancel the 2 not sent…" in text_of(operator, change(run))


def test_a_paused_run_can_be_resumed(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    control.pause(run, alice, WEB)
    assert buttons(operator, run) == {"resume", "cancel"}


def test_what_is_all_sent_can_not_be_cancelled(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "sending", answered_at=None)
    assert buttons(operator, run) == {"pause"}


def test_a_cancelled_run_that_waits_for_answers_can_not_be_steered(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    sent, queued = make_connection(), make_connection()
    run = start_run(alice, sent, queued)
    put(sent, "sending", answered_at=None)
    control.cancel(run, alice, WEB)
    assert buttons(operator, run) == set()


def test_a_run_that_stopped_all_has_no_button(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    assert buttons(operator, run_over(alice, make_connection(), "stopped")) == set()


@pytest.mark.parametrize("state", ["refused", "failed", "cancelled"])
def test_what_was_not_stopped_can_be_run_again(
    operator: Client, alice: User, make_connection: MakeConnection, state: str
) -> None:
    run = run_over(alice, make_connection(), state)
    assert buttons(operator, run) == {"again"}
    assert "Stop this 1 again…" in text_of(operator, change(run))


def test_unknown_is_never_called_not_stopped(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(status="unknown"), make_connection()
    run = start_run(alice, one, two)
    put(one, "unknown")
    put(two, "stopped")
    assert "1 of 2 may still be open · run" in text_of(operator, change(run))
    put(two, "refused")
    assert "1 of 2 still open, 1 of 2 may still be open · run" in text_of(operator, change(run))


def test_what_has_gone_since_is_not_offered_again(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = run_over(alice, one, "refused")
    Connection.objects.update(status="ended")
    assert buttons(operator, run) == set()


def test_what_a_rerun_has_is_not_offered_again(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    run = run_over(alice, make_connection(), "refused")
    plan.start(control.again(run, alice).key, alice, reason="again", origin=WEB)
    assert buttons(operator, run) == set()


def test_only_stopping_again_is_red(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    going = start_run(alice, make_connection())
    over = run_over(alice, make_connection(), "refused")
    assert "button cut" not in html_of(operator, change(going))
    assert "button cut" not in html_of(operator, way(going, "cancel"))
    assert html_of(operator, change(over)).count("button cut") == 1


def test_one_who_may_only_look_has_no_button(
    client: Client, carol: User, alice: User, make_connection: MakeConnection
) -> None:
    client.force_login(carol)
    going, over = start_run(alice, make_connection()), run_over(alice, make_connection(), "refused")
    assert buttons(client, going) == buttons(client, over) == set()


def test_the_refresh_has_the_buttons_and_no_token(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = start_run(alice, make_connection())
    part = html_of(operator, f"{RUNS}{run.pk}/progress/")
    assert 'data-key="pause"' in part
    assert "csrfmiddlewaretoken" not in part
    page = html_of(operator, change(run))
    assert page.index('<form id="steer"') < page.index("csrfmiddlewaretoken", page.index('<form id="steer"'))
    assert page.index('<form id="steer"') < page.index("data-refreshed\n")


# -- what they do


def test_pausing_leads_back_to_the_run(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    answer = operator.post(way(run, "pause"))
    assert (answer.status_code, answer.headers["Location"]) == (302, change(run))
    run.refresh_from_db()
    assert run.paused_at is not None


def test_the_audit_tells_from_where_it_was_paused(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = start_run(alice, make_connection())
    operator.post(way(run, "pause"), REMOTE_ADDR="192.0.2.7")
    event = AuditEvent.objects.get(action="run.paused")
    assert event.actor == alice
    assert '"client_ip":"192.0.2.7"' in event.body


def test_resuming_lets_it_go_on(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    control.pause(run, alice, WEB)
    operator.post(way(run, "resume"))
    run.refresh_from_db()
    assert run.paused_at is None


def test_what_was_done_already_is_said_on_the_run(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = start_run(alice, make_connection())
    control.pause(run, alice, WEB)
    answer = operator.post(way(run, "pause"), follow=True)
    assert [str(message) for message in answer.context["messages"]] == ["This was done already."]
    assert AuditEvent.objects.filter(action="run.paused").count() == 1


def test_a_run_that_is_over_can_not_be_paused(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    run = run_over(alice, make_connection(), "stopped")
    answer = operator.post(way(run, "pause"), follow=True)
    assert "The run is over" in answer.content.decode()


def test_cancelling_is_asked_first(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    sent, done, queued = (make_connection() for _ in range(3))
    run = start_run(alice, sent, done, queued)
    put(sent, "sending", answered_at=None)
    put(done, "stopped")
    words = text_of(operator, way(run, "cancel"))
    assert "Cancel the 1 not sent?" in words
    assert "1 is being sent: that can\N{RIGHT SINGLE QUOTATION MARK}t be undone" in words
    assert "1 is answered: that can\N{RIGHT SINGLE QUOTATION MARK}t be undone either." in words
    assert "A cancelled run can\N{RIGHT SINGLE QUOTATION MARK}t go on." in words
    run.refresh_from_db()
    assert run.cancelled_at is None


def test_it_says_beforehand_what_will_end_as_unknown(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "queued", unclear_attempt=1)
    assert "1 of these may have been stopped" in text_of(operator, way(run, "cancel"))


def test_it_says_that_sending_goes_on_meanwhile_unless_it_is_paused(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = start_run(alice, make_connection())
    assert "Sending goes on while you read this" in text_of(operator, way(run, "cancel"))
    control.pause(run, alice, WEB)
    assert "Sending goes on" not in text_of(operator, way(run, "cancel"))


def test_cancelling_withdraws_what_is_not_sent(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    answer = operator.post(way(run, "cancel"))
    assert (answer.status_code, answer.headers["Location"]) == (302, change(run))
    assert StopItem.objects.get().state == "cancelled"


def test_where_nothing_is_left_cancelling_is_not_asked(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = run_over(alice, make_connection(), "stopped")
    answer = operator.get(way(run, "cancel"), follow=True)
    assert answer.redirect_chain == [(change(run), 302)]
    assert "Nothing of this run is left to cancel." in answer.content.decode()


def test_running_again_asks_with_the_reason_and_ticket_of_the_first(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = run_over(alice, make_connection(), "refused")
    answer = operator.post(way(run, "again"), follow=True)
    draft = StopRun.objects.drafts().get()
    assert answer.redirect_chain == [(f"{RUNS}{draft.key}/confirm/", 302)]
    html = answer.content.decode()
    assert "Vendor key leaked</textarea>" in html
    assert 'name="ticket" value="INC-7"' in html


def test_the_page_that_asks_says_which_run_it_continues(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = run_over(alice, make_connection(), "refused")
    html = operator.post(way(run, "again"), follow=True).content.decode()
    assert f'Continues <a href="{change(run)}">run {run.pk}</a>' in html
    assert "that you selected" not in html


def test_running_again_sends_nothing_before_it_is_confirmed(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = run_over(alice, make_connection(), "refused")
    operator.post(way(run, "again"))
    assert list(StopRun.objects.started()) == [run]


def test_where_nothing_is_left_it_is_not_run_again(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = run_over(alice, make_connection(), "stopped")
    answer = operator.post(way(run, "again"), follow=True)
    assert answer.redirect_chain == [(change(run), 302)]
    assert "Nothing of this run is left to stop." in answer.content.decode()
    assert not StopRun.objects.drafts().exists()


def test_the_history_links_a_rerun_to_the_first(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    run = run_over(alice, make_connection(), "refused")
    plan.start(control.again(run, alice).key, alice, reason="again", origin=WEB)
    assert f'"continues_run_id":{run.pk}' in AuditEvent.objects.filter(action="stop.requested").latest("seq").body


# -- who may


@pytest.mark.parametrize("name", MAY_STEER)
def test_one_who_may_look_can_not_steer(
    client: Client, carol: User, alice: User, make_connection: MakeConnection, name: str
) -> None:
    going = start_run(alice, make_connection())
    client.force_login(carol)
    answer = client.post(way(going, name))
    assert answer.status_code == 403
    assert "You may look at runs of others, not steer them" in answer.content.decode()
    assert not AuditEvent.objects.filter(action__startswith="run.").exists()
    assert not StopRun.objects.drafts().exists()


@pytest.mark.parametrize("name", MAY_STEER)
def test_one_who_lost_the_permission_can_not_steer(
    operator: Client, alice: User, make_connection: MakeConnection, name: str
) -> None:
    run = start_run(alice, make_connection())
    alice.groups.clear()
    assert operator.post(way(run, name)).status_code == 403


@pytest.mark.parametrize("name", MAY_STEER)
def test_a_run_that_one_may_not_see_is_not_there(
    client: Client, bob: User, alice: User, make_connection: MakeConnection, name: str
) -> None:
    run = start_run(alice, make_connection())
    client.force_login(bob)
    assert client.post(way(run, name)).status_code == 404


def test_one_who_manages_runs_can_pause_that_of_another(
    operator: Client, alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    run = start_run(admin_user, make_connection())
    alice.user_permissions.add(Permission.objects.get(codename="manage_runs"))
    operator.post(way(run, "pause"))
    run.refresh_from_db()
    assert run.paused_at is not None


@pytest.mark.parametrize("name", ["pause", "resume", "again"])
def test_looking_changes_nothing(operator: Client, alice: User, make_connection: MakeConnection, name: str) -> None:
    run = start_run(alice, make_connection())
    assert operator.get(way(run, name)).status_code == 405


@pytest.mark.parametrize("name", MAY_STEER)
def test_another_site_can_not_steer_it(alice: User, make_connection: MakeConnection, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    run = start_run(alice, make_connection())
    assert client.post(way(run, name)).status_code == 403


# -- what the page says of it


def test_it_says_who_paused_it(client: Client, alice: User, admin_user: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    control.pause(run, admin_user, WEB)
    client.force_login(alice)
    at = timezone.localtime(AuditEvent.objects.get(action="run.paused").at)
    assert re.search(rf"paused ([-\d]+ )?{at:%H:%M:%S} by admin", text_of(client, change(run)))


def test_it_says_who_let_it_go_on_and_who_cancelled_it(
    operator: Client, alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    run = start_run(alice, make_connection())
    control.pause(run, alice, WEB)
    control.resume(run, admin_user, WEB)
    control.cancel(run, alice, WEB)
    assert re.search(r"paused \S+ by alice resumed \S+ by admin cancelled \S+ by alice", text_of(operator, change(run)))


def test_a_cancelled_run_that_waits_for_answers_is_not_called_paused(
    alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "sending", answered_at=None)
    living_worker()
    control.pause(run, alice, WEB)
    control.cancel(run, alice, WEB)
    assert read_progress(run).state == "running"


def test_a_run_and_its_rerun_lead_to_each_other(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    run = run_over(alice, make_connection(), "refused")
    rerun = plan.start(control.again(run, alice).key, alice, reason="again", origin=WEB)
    assert f'run again as <a href="{change(rerun)}">run {rerun.pk}</a>' in html_of(operator, change(run))
    assert f'continues <a href="{change(run)}">run {run.pk}</a>' in html_of(operator, change(rerun))


def test_a_rerun_that_one_may_not_see_is_named_without_a_link(
    operator: Client, alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    run = run_over(alice, make_connection(), "refused")
    rerun = plan.start(control.again(run, admin_user).key, admin_user, reason="again", origin=WEB)
    alice.groups.set(Group.objects.filter(name="Viewers"))  # who may stop reads every run
    assert f"run again as run {rerun.pk}" in text_of(operator, change(run))
    assert change(rerun) not in html_of(operator, change(run))


def test_a_draft_is_not_named_as_a_rerun(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    run = run_over(alice, make_connection(), "refused")
    control.again(run, alice)
    assert "run again as" not in text_of(operator, change(run))


def test_a_skipped_one_says_which_run_has_it(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    held, free = make_connection(), make_connection()
    first = start_run(alice, held)
    second = start_run(alice, held, free)
    html = html_of(operator, change(second) + "?outcome=skipped")
    assert f'another run has it: <a href="{change(first)}">run {first.pk}</a> of <bdi class="name">alice</bdi>' in html


def test_a_skipped_one_says_which_run_had_it(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    held, free = make_connection(), make_connection()
    first = start_run(alice, held)
    second = start_run(alice, held, free)
    first.items.update(state="refused", answered_at=timezone.now())
    assert f"another run had it: run {first.pk} of alice" in text_of(operator, change(second) + "?outcome=skipped")


def test_a_run_that_was_over_before_is_not_blamed(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    held, free = make_connection(), make_connection()
    first = start_run(alice, held)
    first.items.update(state="refused", answered_at=timezone.now())
    Connection.objects.filter(pk=held.pk).update(status="stopping")
    second = start_run(alice, held, free)
    words = text_of(operator, change(second) + "?outcome=skipped")
    assert "another run has it" in words
    assert f"run {first.pk} of" not in words


def test_a_later_run_is_not_blamed(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    held, free = make_connection(), make_connection()
    first = start_run(alice, held)
    second = start_run(alice, held, free)
    first.items.update(state="refused", answered_at=second.created_at - timedelta(seconds=1))
    start_run(alice, held)
    words = text_of(operator, change(second) + "?outcome=skipped")
    assert "another run has it" in words
    assert "another run has it:" not in words


def test_the_number_of_queries_does_not_grow_with_what_others_have(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    needed = []
    for count in (2, 12):
        held = [make_connection() for _ in range(count)]
        for connection in held:
            start_run(alice, connection)
        run = start_run(alice, make_connection(), *held)
        with CaptureQueriesContext(database) as queries:
            assert html_of(operator, change(run) + "?outcome=skipped").count("another run has it:") == count
        needed.append(len(queries))
    assert needed[0] == needed[1]


def test_it_says_since_when_no_worker_gave_a_sign(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    run = start_run(alice, make_connection())
    assert "No worker has ever given a sign" in text_of(operator, change(run))
    last = timezone.now() - timedelta(hours=1)
    Worker.objects.create(host="panel", pid=1, beat_at=last)
    Worker.objects.create(host="panel", pid=2, beat_at=last - timedelta(hours=1))
    since = rf"No worker has given a sign since ([-\d]+ )?{timezone.localtime(last):%H:%M:%S}, so nothing is being sent"
    assert re.search(since, text_of(operator, change(run)))
