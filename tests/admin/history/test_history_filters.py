"""The history narrowed: by person, action, outcome, account, device, ticket, days; and what a person's runs came to."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import Account, AuditEvent, Connection, Preferences, StopRun
from connections.stops.progress.summary import summarize
from tests.support.pages import text_of
from tests.support.runs import WEB, put, start_run

pytestmark = [pytest.mark.both, pytest.mark.django_db]
MakeConnection = Callable[..., Connection]
HISTORY = "/admin/connections/auditevent/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def get(client: Client, user: User, **query: object) -> str:
    client.force_login(user)
    return client.get(HISTORY, query).content.decode()


def page(client: Client, user: User, **query: object) -> str:
    """The page's list of lines, as bare text."""
    found = "".join(re.findall(r'<section class="day-group">.*?</section>', get(client, user, **query), re.DOTALL))
    return text_of(found)


def exported(client: Client, user: User, **query: object) -> str:
    client.force_login(user)
    return client.post(f"{HISTORY}export/", query_params=query).getvalue().decode()


def tell(action: str, actor: User | None = None, at: datetime | None = None, **facts: object) -> AuditEvent:
    with transaction.atomic():
        return AuditEvent.objects.get(seq=append([Entry(action, WEB, actor=actor, at=at, facts=facts)]))


def answered(run: StopRun, connection: Connection, outcome: str) -> None:
    facts = {"attempt": 1, "outcome": outcome, "item_outcome": outcome}
    line = Entry("stop.answered", Origin("worker"), actor=run.user, connection=connection, run=run, facts=facts)
    with transaction.atomic():
        append([line])


def test_by_action(client: Client, carol: User, alice: User) -> None:
    tell("user.signed_in", alice)
    tell("user.signed_out", alice)
    shown = page(client, carol, action="user.signed_out")
    assert "signed out" in shown
    assert "signed in" not in shown


def test_by_outcome_it_lists_the_runs_that_had_it(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection()
    start_run(alice, one, reason="all went well")
    start_run(alice, two, reason="one was refused")
    put(one, "stopped")
    put(two, "refused")
    shown = page(client, alice, outcome="refused")
    assert "one was refused" in shown
    assert "all went well" not in shown
    assert "one was refused" in page(client, alice, outcome="not_stopped")


def test_by_verdict_it_lists_the_runs_that_had_it(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection()
    start_run(alice, one, reason="all went well")
    start_run(alice, two, reason="one came back")
    put(one, "stopped", verdict="confirmed_gone")
    put(two, "stopped", verdict="came_back")
    shown = page(client, alice, outcome="came_back")
    assert "one came back" in shown
    assert "all went well" not in shown


def test_by_verdict_the_download_has_the_verdicts(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "stopped", verdict="came_back")
    for verdict in ("came_back", "still_alive"):
        with transaction.atomic():
            append([Entry("stop.verified", Origin("worker"), alice, run=run, facts={"verdict": verdict})])
    lines = exported(client, alice, outcome="came_back")
    assert lines.count("stop.requested") == 1
    assert '"verdict":"came_back"' in lines
    assert "still_alive" not in lines


def test_by_outcome_the_download_has_the_answers(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection()
    run = start_run(alice, one, two)
    put(one, "stopped")
    put(two, "refused")
    answered(run, one, "stopped")
    answered(run, two, "refused")
    lines = exported(client, alice, outcome="refused")
    assert lines.count("stop.requested") == 1
    assert two.connection_id in lines
    assert one.connection_id not in lines


def test_a_reason_that_looks_like_an_outcome_is_none(client: Client, alice: User) -> None:
    tell("stop.answered", alice, reason='"outcome":"refused"')
    assert exported(client, alice, outcome="refused") == ""


def test_by_account(client: Client, alice: User, make_connection: MakeConnection) -> None:
    other = Account.objects.create(name="eu-retail")
    start_run(alice, make_connection(), reason="of default")
    start_run(alice, make_connection(account=other), reason="of retail")
    shown = page(client, alice, account="eu-retail")
    assert "of retail" in shown
    assert "of default" not in shown


def test_by_device_over_all_its_connections(client: Client, alice: User, make_connection: MakeConnection) -> None:
    start_run(alice, make_connection(device_name="Kiosk"), reason="first time")
    start_run(alice, make_connection(device_name="Kiosk"), reason="second time")
    start_run(alice, make_connection(device_name="Pump"), reason="another device")
    shown = page(client, alice, device="Kiosk")
    assert "first time" in shown
    assert "second time" in shown
    assert "another device" not in shown


def test_a_connection_leads_to_the_history_of_its_device(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection(device_name="Kiosk & Co")
    client.force_login(alice)
    shown = client.get(f"/admin/connections/connection/{one.pk}/change/").content.decode()
    assert f'href="{HISTORY}?device=Kiosk%20%26%20Co"' in shown


def test_a_search_finds_the_runs_that_covered_a_device(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    start_run(alice, make_connection(device_name="Kiosk"), reason="the one")
    start_run(alice, make_connection(device_name="Pump"), reason="the other")
    shown = page(client, alice, q="kios")
    assert "the one" in shown
    assert "the other" not in shown


def test_by_ticket(client: Client, alice: User, make_connection: MakeConnection) -> None:
    start_run(alice, make_connection(), reason="the one", ticket="INC-7")
    start_run(alice, make_connection(), reason="the other", ticket="INC-77")
    shown = page(client, alice, ticket="inc-7")
    assert "the one" in shown
    assert "the other" not in shown


def test_a_ticket_leads_to_everything_of_it(client: Client, alice: User, make_connection: MakeConnection) -> None:
    start_run(alice, make_connection(), ticket="INC 7&8")
    assert f'href="{HISTORY}?{urlencode({"ticket": "INC 7&8"})}"' in get(client, alice)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"from": "2026-03-01"}, {"noon", "late", "later"}),
        ({"from": "2026-03-02"}, {"late", "later"}),
        ({"to": "2026-03-01"}, {"noon"}),
        ({"to": "2026-03-02"}, {"noon", "late"}),
        ({"from": "2026-03-02", "to": "2026-03-02"}, {"late"}),
    ],
)
def test_by_whole_days_of_the_person_s_own_zone(
    client: Client, alice: User, query: dict[str, str], found: set[str]
) -> None:
    Preferences.objects.create(user=alice, time_zone="Europe/Berlin")
    tell("user.changed", alice, NOON, user="noon")
    tell("user.changed", alice, NOON.replace(hour=23), user="late")  # the next day in Berlin
    tell("user.changed", alice, NOON + timedelta(days=1, hours=11), user="later")
    shown = page(client, alice, **query)
    assert {name for name in ("noon", "late", "later") if f"user {name} " in f"{shown} "} == found


@pytest.mark.parametrize(("label", "days_before"), [("Today", 0), ("Last 7 days", 6), ("Last 30 days", 29)])
def test_the_usual_periods_are_a_click_away(client: Client, alice: User, label: str, days_before: int) -> None:
    Preferences.objects.create(user=alice, time_zone="Pacific/Auckland")
    first = (datetime.now(ZoneInfo("Pacific/Auckland")) - timedelta(days=days_before)).date()
    assert f'<a href="?from={first}">{label}</a>' in get(client, alice)
    chosen = get(client, alice, **{"from": first}).split('<li class="selected">')[-1]
    assert chosen.strip().startswith(f'<a href="?from={first}">{label}</a>')


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"from": "yesterday"}, "The day “yesterday” is not known. Write it like 2026-03-01."),
        ({"to": "0001-01-01"}, "The day “0001-01-01” is not known."),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "The period ends before it begins."),
        ({"account": "nowhere"}, "The account “nowhere” is not known."),
        ({"outcome": "vanished"}, "The outcome “vanished” is not known."),
        ({"device": "nothing"}, "The device “nothing” is not known."),
        ({"about": "99"}, "The person “99” is not known"),
        ({"group": "99"}, "The group “99” is not known"),
        ({"line": "99"}, "The line “99” is not known"),
        ({"action": ["stop.sent", "stop.requested"]}, "The filter “action” is set more than once."),
        ({"q": "a\0b"}, "The request holds a character that no text has (NUL)."),
    ],
)
def test_what_is_not_understood_lists_nothing(
    client: Client, carol: User, alice: User, query: dict[str, object], says: str
) -> None:
    tell("user.signed_in", alice)
    client.force_login(carol)
    for ask, path in ((client.get, ""), (client.post, "export/"), (client.post, "export/csv/")):
        answer = ask(f"{HISTORY}{path}", query_params=query)
        assert answer.status_code == 400
        assert says in html.unescape(answer.content.decode())
        assert "alice" not in answer.content.decode().split('id="content"')[-1]
    assert not AuditEvent.objects.filter(action="history.exported").exists()


def test_filters_are_joined(client: Client, carol: User, alice: User, make_connection: MakeConnection) -> None:
    start_run(alice, make_connection(), reason="the one", ticket="INC-7")
    tell("user.signed_in", alice)
    shown = page(client, carol, actor=alice.pk, action="stop.requested", ticket="INC-7", q="the one")
    assert "the one" in shown
    assert "signed in" not in shown


def test_a_form_keeps_the_other_filters(client: Client, carol: User, alice: User) -> None:
    tell("user.signed_in", alice)
    shown = get(client, carol, actor=alice.pk, action="user.signed_in", q="x")
    for field in ("actor", "action"):
        assert shown.count(f'<input type="hidden" name="{field}"') == 2
    assert shown.count('<input type="hidden" name="q"') == 1


def test_who_changed_a_person_s_rights(client: Client, carol: User, admin_user: User, alice: User, bob: User) -> None:
    tell("user.changed", admin_user, user="alice", user_id=alice.pk, groups_added=["Auditors"])
    tell("user.changed", admin_user, user="bob", user_id=bob.pk, is_superuser=True)
    shown = page(client, carol, about=alice.pk)
    assert "admin changed the user alice" in shown
    assert "given groups: Auditors" in shown
    assert "bob" not in shown


def test_who_changed_somebody_else_is_for_auditors(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    assert client.get(HISTORY, {"about": bob.pk}).status_code == 400


def test_the_changes_of_a_group(client: Client, carol: User, admin_user: User) -> None:
    operators, auditors = Group.objects.get(name="Operators"), Group.objects.get(name="Auditors")
    tell("group.changed", admin_user, group="Operators", group_id=operators.pk, permissions_removed=["a.b"])
    tell("group.changed", admin_user, group="Auditors", group_id=auditors.pk)
    tell("user.changed", admin_user, user="alice", group_id=operators.pk)
    shown = page(client, carol, group=operators.pk)
    assert "admin changed the group Operators" in shown
    assert "Auditors" not in shown
    assert "alice" not in shown


def test_the_admin_s_history_of_a_group_leads_here(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    pk = Group.objects.get(name="Operators").pk
    assert client.get(f"/admin/auth/group/{pk}/history/").headers["Location"] == f"{HISTORY}?group={pk}"


def test_each_line_leads_to_itself_with_its_hash(client: Client, carol: User, alice: User) -> None:
    one, other = tell("user.signed_in", alice), tell("user.signed_out", alice)
    assert f'<a href="?line={one.seq}">' in get(client, carol)
    shown = page(client, carol, line=one.seq)
    assert "alice signed in" in shown
    assert one.hash in shown
    assert other.hash not in shown


@pytest.mark.parametrize("view", ["change", "history"])
def test_the_admin_s_page_of_a_line_leads_here(client: Client, carol: User, view: str) -> None:
    line = tell("user.signed_in", carol)
    client.force_login(carol)
    assert client.get(f"{HISTORY}{line.seq}/{view}/").headers["Location"] == f"{HISTORY}?line={line.seq}"


def test_a_line_that_one_may_not_see_is_not_shown(client: Client, alice: User, bob: User) -> None:
    line = tell("user.signed_in", bob, text="of bob alone")
    client.force_login(alice)
    answer = client.get(f"{HISTORY}{line.seq}/change/", follow=True)
    assert answer.status_code == 400
    assert "of bob alone" not in answer.content.decode()
    assert exported(client, alice, line=line.seq) == f"The line “{line.seq}” is not known, or you may not see it.\n"


def test_the_attempts_of_a_run_and_the_worker_s_routine_are_folded(client: Client, carol: User) -> None:
    for action in ("stop.sent", "stop.answered", "stop.verified", "list.read", "connection.ended"):
        tell(action)
    assert page(client, carol) == ""
    assert "List not read completely" in page(client, carol, action="list.read")


def test_an_operator_reads_why_a_connection_was_cut_by_somebody_else(
    client: Client, alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    one, other = make_connection(), make_connection()
    start_run(admin_user, one, reason="Vendor key leaked")
    start_run(admin_user, other, reason="another matter")
    shown = page(client, alice, connection=one.pk)
    assert "admin asked to stop" in shown
    assert "Vendor key leaked" in shown
    assert "another matter" not in shown
    assert "Vendor key leaked" not in page(client, alice)


def test_a_failed_sign_in_is_not_told_as_the_person_s_own_act(client: Client, carol: User, alice: User) -> None:
    tell("user.sign_in_failed", alice, name="alice")
    tell("user.sign_in_failed", None, name="mallory")
    shown = page(client, carol)
    assert "A sign-in as “alice” failed" in shown
    assert "A sign-in as “mallory” failed" in shown
    assert "A sign-in as “alice” failed" in page(client, alice)
    assert "mallory" not in page(client, alice)


def test_a_line_names_the_person_as_at_that_time(client: Client, carol: User, alice: User) -> None:
    tell("user.signed_in", alice)
    User.objects.filter(pk=alice.pk).update(username="alice.smith")
    assert "alice signed in" in page(client, carol)


def test_the_numbers_of_a_person(alice: User, admin_user: User, make_connection: MakeConnection) -> None:
    chosen = [make_connection() for _ in range(6)]
    start_run(alice, *chosen[:3])
    start_run(alice, *chosen[3:])
    for connection, state, after_s in zip(
        chosen, ("stopped", "already_gone", "refused", "failed", "unknown", "stopped"), (2, 4, 1, 1, 1, 9), strict=True
    ):
        put(connection, state, after_s=after_s)
    start_run(admin_user, make_connection())
    found = summarize(alice)
    assert (found.runs, found.total, found.cut, found.not_stopped, found.unknown) == (2, 6, 3, 2, 1)
    assert (found.confirmed_gone, found.unconfirmed, found.came_back) == (0, 3, 0)
    assert found.median_s == pytest.approx(4, abs=0.01)


def test_the_numbers_are_those_of_the_verdicts_where_there_are_any(
    alice: User, make_connection: MakeConnection
) -> None:
    ends = [
        ("stopped", "confirmed_gone"),
        ("unknown", "confirmed_gone"),
        ("stopped", "still_alive"),
        ("stopped", "came_back"),
        ("already_gone", "unverified"),
        ("refused", "unverified"),
        ("unknown", ""),
        ("cancelled", ""),
        ("queued", ""),
        ("skipped", ""),
    ]
    chosen = [make_connection() for _ in ends]
    start_run(alice, *chosen)
    for connection, (state, verdict) in zip(chosen, ends, strict=True):
        put(connection, state, verdict=verdict)
    found = summarize(alice)
    assert (found.confirmed_gone, found.unconfirmed, found.not_stopped, found.came_back) == (2, 1, 2, 1)
    assert (found.unknown, found.cancelled, found.left) == (1, 1, 1)
    assert found.total == len(ends) - 1 == 2 + 1 + 2 + 1 + 1 + found.waiting_or_cancelled


def test_the_numbers_of_a_period(alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection())
    StopRun.objects.filter(pk=run.pk).update(started_at=NOON)
    assert summarize(alice, NOON, NOON + timedelta(hours=1)).runs == 1
    assert summarize(alice, NOON + timedelta(hours=1)).runs == 0
    assert summarize(alice, None, NOON).total == 0


def test_without_a_cut_there_is_no_time_to_cut(alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    start_run(alice, one)
    put(one, "refused")
    assert summarize(alice).median_s is None


def test_the_page_of_a_person_shows_the_numbers(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    start_run(alice, one)
    put(one, "stopped", after_s=3.8)
    numbers = text_of(get(client, alice)).split("Print")[1].split("Search reasons")[0]
    assert "runs 1 connections asked for 1 confirmed gone 0 stopped or gone, not confirmed 1 not stopped 0" in numbers
    assert "came back 0 unknown 0" in numbers
    assert "median time to cut 3.8 s" in numbers


def test_a_narrowed_page_shows_no_numbers_of_the_whole(client: Client, alice: User) -> None:
    assert "median time to cut" not in get(client, alice, action="user.signed_in")
