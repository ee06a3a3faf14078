from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connections.audit.append import Entry, append, canonical, link
from connections.audit.origin import Origin
from connections.models import AuditEvent, Connection, StopRun
from tests.support.pages import text_of
from tests.support.runs import WEB, put, start_run

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]
HISTORY = "/admin/connections/auditevent/"


def page(client: Client, user: User, query: str = "") -> str:
    client.force_login(user)
    return text_of(client.get(HISTORY + query)).split("Skip to main content")[-1]


def told(run: StopRun, connection: Connection, action: str, **facts: object) -> AuditEvent:
    """Append what a worker tells of an attempt."""
    line = Entry(action, Origin("worker"), actor=run.user, connection=connection, run=run, facts=facts)
    with transaction.atomic():
        return AuditEvent.objects.get(seq=append([line]))


def test_a_run_is_one_line_with_what_came_of_it(client: Client, alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection(device_name="Kiosk B")
    run = start_run(alice, one, two, reason="Vendor key leaked", ticket="INC-7")
    put(one, "stopped")
    put(two, "refused", upstream_status=401, upstream_reason="connectionid is incorrect")
    shown = page(client, alice)
    assert f"Asked to stop 2 connections of default run {run.pk} ticket INC-7" in shown
    assert all(words in shown for words in ("Vendor key leaked", "1 accepted", "1 refused"))
    assert all(words in shown for words in ("The 1 that needs a look", "Kiosk B", "“connectionid is incorrect”"))


def test_a_run_of_one_names_its_connection(client: Client, alice: User, make_connection: MakeConnection) -> None:
    run = start_run(alice, make_connection(device_name="Kiosk A"))
    assert f"Asked to stop Kiosk A of default run {run.pk}" in page(client, alice)


def test_attempts_are_told_by_their_run_and_not_again(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    told(run, one, "stop.sent", attempt=1)
    assert "Stop about to be sent" not in page(client, alice)
    assert "Stop about to be sent attempt 1" in page(client, alice, f"?run={run.pk}")


def test_the_history_of_a_connection_has_every_line(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one, reason="Vendor key leaked")
    told(run, one, "stop.sent", attempt=1)
    told(run, one, "stop.withdrawn", attempt=1, why="remote.it asked for a pause")
    last = told(
        run,
        one,
        "stop.answered",
        attempt=1,
        outcome="refused",
        upstream_status=401,
        upstream_reason="no <i>such</i> id",
    )
    shown = page(client, alice, f"?connection={one.pk}")
    assert "alice asked to stop" in shown
    assert "Stop about to be sent" in shown
    assert "remote.it asked for a pause" in shown
    assert "Stop refused by remote.it attempt 1" in shown
    assert "HTTP 401 “no <i>such</i> id”" in shown
    assert last.hash in shown
    assert f"Line {last.seq}" in shown


def test_an_item_that_ends_unknown_without_another_attempt_says_so_and_why(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    told(start_run(alice, one), one, "stop.skipped", why="not_allowed", item_outcome="unknown")
    shown = page(client, alice, f"?connection={one.pk}")
    assert "No further attempt: what was sent may have stopped it" in shown
    assert "not allowed" in shown


def test_gone_after_an_unclear_attempt_is_possibly_ours(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    told(run, one, "stop.answered", attempt=2, outcome="already_gone", possibly_by_attempt=1)
    assert "gone, possibly by our attempt 1" in page(client, alice, f"?connection={one.pk}")


def test_a_late_answer_says_that_it_changes_nothing(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    told(run, one, "stop.answered", attempt=1, outcome="stopped", upstream_status=200, late=True)
    assert "changes nothing" in page(client, alice, f"?connection={one.pk}")


def test_an_operator_sees_their_own_history(
    client: Client, alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    start_run(alice, make_connection(), reason="alice's reason")
    start_run(admin_user, make_connection(), reason="another reason")
    shown = page(client, alice)
    assert "History of alice" in shown
    assert "alice's reason" in shown
    assert "another reason" not in shown


def test_an_auditor_sees_everybody_s_with_their_names(
    client: Client, alice: User, carol: User, make_connection: MakeConnection
) -> None:
    start_run(alice, make_connection())
    assert "alice asked to stop" in page(client, carol)


def test_an_auditor_sees_what_each_person_s_runs_came_to(
    client: Client, alice: User, admin_user: User, carol: User, make_connection: MakeConnection
) -> None:
    one, two, three = make_connection(), make_connection(), make_connection()
    start_run(alice, one)
    start_run(admin_user, two, three)
    put(one, "stopped", verdict="confirmed_gone", after_s=2.5)
    put(two, "stopped", verdict="came_back", after_s=9)
    client.force_login(carol)
    table = client.get(HISTORY).content.decode().split("By person")[1].split("</table>")[0]
    rows = [re.sub(r"<[^>]*>", " ", row).split() for row in table.split("<tr>")[2:]]
    assert rows == [
        ["admin", "1", "2", "0", "0", "0", "1", "0", "1", "9.0", "s"],
        ["alice", "1", "1", "1", "0", "0", "0", "0", "0", "2.5", "s"],
    ]


def test_each_person_s_row_leads_to_their_history_of_the_same_days(
    client: Client, alice: User, carol: User, make_connection: MakeConnection
) -> None:
    start_run(alice, make_connection())
    client.force_login(carol)
    days = f"from={date.today() - timedelta(days=1)}&amp;to={date.today() + timedelta(days=1)}"
    shown = client.get(f"{HISTORY}?{days.replace('&amp;', '&')}").content.decode()
    assert f'href="?actor={alice.pk}&amp;{days}"' in shown
    old = client.get(f"{HISTORY}?to=2020-01-01").content.decode()
    assert "By person" not in old


def test_who_sees_only_their_own_history_sees_no_table_of_people(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    start_run(alice, make_connection())
    assert "By person" not in page(client, alice)


def test_an_auditor_can_look_at_one_person(
    client: Client, alice: User, admin_user: User, carol: User, make_connection: MakeConnection
) -> None:
    start_run(alice, make_connection(), reason="first reason")
    start_run(admin_user, make_connection(), reason="second reason")
    shown = page(client, carol, f"?actor={alice.pk}")
    assert "first reason" in shown
    assert "second reason" not in shown


@pytest.mark.parametrize(
    "query",
    [
        "actor=99",
        "actor=x",
        "connection=99",
        "run=999999999",
        "action=stop.aksed",
        "acton=stop.sent",
        "before=x",
        "run=" + "9" * 5000,
    ],
)
def test_what_is_not_known_lists_nothing(
    client: Client, carol: User, alice: User, make_connection: MakeConnection, query: str
) -> None:
    start_run(alice, make_connection(), reason="Vendor key leaked")
    client.force_login(carol)
    for answer in (client.get(f"{HISTORY}?{query}"), client.post(f"{HISTORY}export/?{query}")):
        assert answer.status_code == 400
        assert "not known" in answer.content.decode()
        assert "Vendor key leaked" not in answer.content.decode()


def test_the_history_of_somebody_else_is_not_shown(
    client: Client, alice: User, bob: User, make_connection: MakeConnection
) -> None:
    run = start_run(alice, make_connection(), reason="Vendor key leaked")
    for query in (f"?actor={alice.pk}", f"?run={run.pk}"):
        assert "Vendor key leaked" not in page(client, bob, query)
        assert "Vendor key leaked" not in client.post(f"{HISTORY}export/{query}").content.decode()


def test_the_history_is_for_those_who_may_see_connections(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("nobody", password="x", is_staff=True))
    assert client.get(HISTORY).status_code == 403
    assert client.post(f"{HISTORY}export/").status_code == 403


def test_it_searches_reasons_and_tickets(client: Client, alice: User, make_connection: MakeConnection) -> None:
    start_run(alice, make_connection(), reason="first reason", ticket="INC-7")
    start_run(alice, make_connection(), reason="second reason")
    assert "second reason" not in page(client, alice, "?q=inc-7")
    assert "first reason" not in page(client, alice, "?q=SECOND")
    assert "No line of the history matches." in page(client, alice, "?q=third")


def test_it_filters_by_action(client: Client, alice: User, make_connection: MakeConnection) -> None:
    start_run(alice, make_connection(), reason="Vendor key leaked")
    with transaction.atomic():
        append([Entry("connections.imported", WEB, actor=alice, facts={"count": 1204})])
    shown = page(client, alice, "?action=connections.imported")
    assert "Imported 1,204 connections" in shown
    assert "Vendor key leaked" not in shown


def test_an_action_without_words_is_shown_as_it_is(client: Client, alice: User) -> None:
    with transaction.atomic():
        append([Entry("planet.aligned", WEB, actor=alice)])
    assert "planet.aligned" in page(client, alice)


def test_older_lines_follow_on_the_next_page(client: Client, alice: User) -> None:
    with transaction.atomic():
        append(Entry("connections.imported", WEB, actor=alice, facts={"count": n}) for n in range(1, 53))
    client.force_login(alice)
    first = client.get(HISTORY).content.decode()
    older = re.search(r'href="(\?before=\d+)"', first)
    assert older is not None
    shown = page(client, alice, older[1])
    assert "Imported 2 connections" in shown
    assert "Imported 3 connections" not in shown


def test_lines_are_grouped_by_day(client: Client, alice: User, make_connection: MakeConnection) -> None:
    start_run(alice, make_connection())
    assert " Today " in page(client, alice)


def test_a_day_counts_what_was_asked_for(client: Client, alice: User, make_connection: MakeConnection) -> None:
    start_run(alice, make_connection(), make_connection())
    start_run(alice, make_connection())
    assert "2 runs, 3 connections" in page(client, alice)


def test_a_day_of_which_another_page_has_more_counts_nothing(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    start_run(alice, make_connection())
    with transaction.atomic():
        append(Entry("connections.imported", WEB, actor=alice, facts={"count": 1}) for _ in range(49))
    assert "1 run, 1 connection" in page(client, alice)
    start_run(alice, make_connection())
    assert "run, " not in page(client, alice).split("Today")[-1].split("Asked")[0]


def test_a_view_says_how_many_lines_its_download_has(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    told(start_run(alice, one), one, "stop.sent", attempt=1)
    assert "A download of this view has all 2 lines" in page(client, alice)
    assert "A download of this view has every line that matches" in page(client, alice, "?q=incident")


def test_many_runs_on_a_page_unfold_to_some_of_each(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    for _ in range(50):
        chosen = [make_connection() for _ in range(4)]
        start_run(alice, *chosen)
        for one in chosen[:3]:
            put(one, "refused")
    client.force_login(alice)
    html = client.get(HISTORY).content.decode()
    assert html.count("The 3 that need a look") == html.count("All 3 that need a look") == 50
    assert html.count('<th scope="row">') == 100


def test_the_download_has_every_line_and_proves_each(
    client: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one, reason="Vendor key leaked")
    told(run, one, "stop.sent", attempt=1)
    client.force_login(alice)
    answer = client.post(f"{HISTORY}export/")
    lines = [json.loads(line) for line in answer.getvalue().decode().splitlines()]
    assert [line["action"] for line in lines] == ["stop.requested", "stop.sent"]
    for line in lines:
        body = {name: value for name, value in line.items() if name not in ("seq", "prev_hash", "hash")}
        assert link(line["prev_hash"], canonical(body)) == line["hash"]
    assert answer.headers["Content-Disposition"].startswith("attachment; ")


def test_the_download_keeps_to_the_filter(
    client: Client, carol: User, alice: User, admin_user: User, make_connection: MakeConnection
) -> None:
    start_run(alice, make_connection())
    start_run(admin_user, make_connection())
    client.force_login(carol)
    lines = client.post(f"{HISTORY}export/?actor={alice.pk}").getvalue().decode().splitlines()
    assert [json.loads(line)["actor"] for line in lines] == ["alice"]


def test_the_history_can_not_be_written_here(client: Client, admin_user: User, make_connection: MakeConnection) -> None:
    start_run(admin_user, make_connection())
    client.force_login(admin_user)
    seq = AuditEvent.objects.get().seq
    assert client.get(f"{HISTORY}add/").status_code == 403
    assert client.get(f"{HISTORY}{seq}/delete/").status_code == 403
    assert client.post(f"{HISTORY}{seq}/change/", {"action": "x"}).status_code == 405


def test_a_user_s_own_history_in_the_admin_leads_here(client: Client, alice: User, admin_user: User) -> None:
    client.force_login(admin_user)
    answer = client.get(f"/admin/auth/user/{alice.pk}/history/")
    assert answer.headers["Location"] == f"{HISTORY}?actor={alice.pk}"


def test_the_number_of_queries_does_not_grow_with_the_runs(
    client: Client,
    alice: User,
    make_connection: MakeConnection,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(12):
        one = make_connection()
        start_run(alice, one)
        put(one, "refused")
    client.force_login(alice)
    with django_assert_max_num_queries(28):
        client.get(HISTORY)


def test_who_may_see_all_but_no_connections_gets_nothing(client: Client, alice: User) -> None:
    alice.groups.clear()
    alice.user_permissions.add(Permission.objects.get(codename="view_all_history"))
    client.force_login(alice)
    assert client.get(HISTORY).status_code == 403
