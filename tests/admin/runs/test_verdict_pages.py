"""What the pages say of verdicts: never more than a list showed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.export import as_json_lines
from connections.audit.origin import WORKER
from connections.live.verdicts.retry import verify_again
from connections.models import Account, AuditEvent, Connection, StopItem, StopRun
from connections.stops import control, plan
from connections.stops.control import NotAllowed
from connections.words.report import as_json, as_lines, items_of
from tests.support import pages
from tests.support.runs import WEB, living_worker, put, start_run

pytestmark = pytest.mark.django_db
MakeConnection = Callable[..., Connection]
RUNS = "/admin/connections/stoprun/"
LONG_AGO = timedelta(hours=1)


def words(html: str) -> str:
    return pages.text_of(html[html.index('id="content"') :] if 'id="content"' in html else html)


def html_of(client: Client, run: StopRun, query: str = "") -> str:
    return client.get(f"{RUNS}{run.pk}/change/{query}").content.decode()


def title_of(html: str) -> str:
    found = re.search(r"<h1.*?</h1>", html, re.DOTALL)
    assert found
    return words(found[0])


def text_of(client: Client, run: StopRun, query: str = "") -> str:
    return words(html_of(client, run, query))


def list_read(
    account: Account, *, asked_at: datetime | None = None, complete: bool = True, why: str = "", sessions: int = 3
) -> int:
    """The audit's lines of one reading; the place of the second, on which verdicts rest."""
    at = asked_at or timezone.now()
    with transaction.atomic():
        asked = append([Entry("list.started", WORKER, account=account, at=at)])
        facts = {"complete": complete, "why": why, "list_seq": asked, "sessions": sessions}
        return append([Entry("list.read", WORKER, account=account, at=at, facts=facts)])


def judged(connection: Connection, state: str, verdict: str, **facts: object) -> StopItem:
    """An item whose answer and verdict are an hour old, so that nothing of it can change by itself."""
    return put(connection, state, verdict=verdict, **{"answered_at": timezone.now() - LONG_AGO, **facts})


# -- the run's title and numbers


def test_without_a_verdict_the_title_says_what_was_accepted(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "stopped")
    html = html_of(operator, run)
    assert title_of(html) == "1 of 1 stopped (accepted by remote.it)"
    assert "confirmed gone" not in html


def test_with_all_verdicts_the_title_leads_with_what_is_open(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    connections = [make_connection() for _ in range(3)]
    run = start_run(alice, *connections)
    for connection, verdict in zip(connections, ("confirmed_gone", "confirmed_gone", "still_alive"), strict=True):
        judged(connection, "stopped", verdict)
    html = html_of(operator, run)
    assert title_of(html) == "1 of 3 still open"
    assert "2 of 3 are confirmed gone." in words(html)
    assert f"<title>1 of 3 still open · run {run.pk} |" in html
    assert html.count("favicon-trouble.svg") == 2


def test_while_a_verdict_is_awaited_the_title_claims_no_more_than_the_answers(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    one, two = make_connection(), make_connection()
    run = start_run(alice, one, two)
    judged(one, "stopped", "confirmed_gone")
    put(two, "stopped")
    html = html_of(operator, run)
    assert title_of(html) == "2 of 2 stopped (accepted by remote.it)"
    assert "1 of 2 have a verdict" in words(html)
    assert "verifying" in html


def test_what_no_list_could_settle_is_never_called_gone(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    judged(one, "stopped", "unverified", verdict_why="never_listed")
    shown = text_of(operator, run)
    assert "1 of 1 stopped (accepted by remote.it)" in shown
    assert "Whether these connections are really gone has not been verified." in shown


def test_answers_and_verdicts_stand_in_one_table(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    one, two, three = (make_connection() for _ in range(3))
    run = start_run(alice, one, two, three)
    judged(one, "stopped", "confirmed_gone")
    judged(two, "refused", "still_alive")
    judged(three, "unknown", "confirmed_gone")
    table = re.search(r'<table class="cross">.*?</table>', html_of(operator, run), re.DOTALL)
    assert table
    numbers = [re.sub(r"\D+", " ", words(row)).split() for row in re.split(r"<tr", table[0])[1:]]
    assert numbers == [
        ["3", "1", "0", "0", "2", "3"],  # asked for; alive, back, unverified, gone; all
        ["0", "0", "0", "1", "1"],  # unknown
        ["1", "0", "0", "0", "1"],  # refused
        ["0", "0", "0", "1", "1"],  # stopped
    ]


def test_a_number_of_the_table_leads_to_its_items(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    one, two = make_connection(device_name="Gate A"), make_connection(device_name="Gate B")
    run = start_run(alice, one, two)
    judged(one, "stopped", "confirmed_gone")
    judged(two, "stopped", "still_alive")
    assert 'href="?outcome=stopped:still_alive#items"' in html_of(operator, run)
    items = html_of(operator, run, "?outcome=stopped:still_alive").split('id="items"')[1]
    assert "Gate B" in items
    assert "Gate A" not in items


@pytest.mark.parametrize("outcome", ["stopped:gone", "confirmed_gone:stopped", "stopped:"])
def test_an_unknown_cell_lists_nothing(
    operator: Client, alice: User, make_connection: MakeConnection, outcome: str
) -> None:
    run = start_run(alice, make_connection(device_name="Gate A"))
    answer = operator.get(f"{RUNS}{run.pk}/change/?outcome={outcome}")
    assert answer.status_code == 400
    assert "Gate A" not in answer.content.decode()


# -- the items


def test_what_came_back_says_when_and_leads_to_the_new_connection(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    old = make_connection()
    run = start_run(alice, old)
    new = make_connection(connection_id="F00DBABE-1")
    judged(old, "stopped", "came_back", came_back_as=new.connection_id, came_back_after_s=9)
    html = html_of(operator, run, "?outcome=came_back")
    assert "9 s later, as" in words(html)
    assert f'<a href="/admin/connections/connection/{new.pk}/change/" title="F00DBABE-1">' in html


def test_what_came_back_after_hours_says_so_in_hours(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    old = make_connection()
    run = start_run(alice, old)
    judged(old, "stopped", "came_back", came_back_as="F00DBABE-1", came_back_after_s=3725)
    shown = words(html_of(operator, run, "?outcome=came_back"))
    assert "1 h 02 min later" in shown


def test_what_is_unverified_says_why(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    judged(one, "stopped", "unverified", verdict_why="never_listed")
    assert "no complete list ever held this id" in text_of(operator, run)


def test_a_verdict_names_the_list_it_rests_on(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    asked = timezone.now() - timedelta(seconds=30)
    judged(one, "stopped", "confirmed_gone", verdict_seq=list_read(account, asked_at=asked))
    assert f"by the list of {timezone.localtime(asked):%H:%M:%S}" in text_of(operator, run, "?outcome=all")


def test_need_a_look_leaves_out_what_is_gone(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    names = ("unknown-gone", "stopped-alive", "stopped-unsure", "stopped-back", "refused-none", "stopped-gone")
    connections = {name: make_connection(device_name=name) for name in names}
    run = start_run(alice, *connections.values())
    judged(connections["unknown-gone"], "unknown", "confirmed_gone")
    judged(connections["stopped-alive"], "stopped", "still_alive")
    judged(connections["stopped-unsure"], "stopped", "unverified", verdict_why="not_listed")
    judged(connections["stopped-back"], "stopped", "came_back")
    judged(connections["refused-none"], "refused", "")
    judged(connections["stopped-gone"], "stopped", "confirmed_gone")
    items = html_of(operator, run, "?outcome=attention").split('id="items"')[1]
    shown = {name for name in names if name in items}
    assert shown == {"stopped-alive", "stopped-unsure", "stopped-back", "refused-none"}
    assert "Not gone then 4" in words(items)


# -- what they rest on, and what is missing


def test_it_says_which_lists_the_verdicts_rest_on(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    judged(one, "stopped", "confirmed_gone", verdict_seq=list_read(account, sessions=8601))
    basis = text_of(operator, run).split("What this rests on")[1]
    assert re.search(r"default \S+ complete 8,?601 1 “Confirmed gone” is as true", basis)


def test_an_account_that_can_not_be_listed_stays_at_accepted_and_says_why(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    seq = list_read(account, complete=False, why="HTTP 403: no access to GraphQL")
    judged(one, "stopped", "unverified", verdict_why="not_listed", verdict_seq=seq)
    shown = text_of(operator, run)
    assert "default could not be listed completely at" in shown
    assert "HTTP 403: no access to GraphQL" in shown
    assert "an accepted stop stays accepted" in re.sub(r"\s+", " ", shown)


def test_an_account_whose_list_fails_says_so_before_it_is_given_up(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "stopped")
    account.listed_at, account.list_why = timezone.now(), "HTTP 504 and no body"
    account.save()
    assert "HTTP 504 and no body" in text_of(operator, run)


def test_a_held_account_says_that_no_verdict_comes(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "stopped")
    Account.objects.update(held_at=timezone.now())
    html = html_of(operator, run)
    assert "default is held since" in words(html)
    assert "data-final" in html


def test_without_a_worker_it_says_that_nothing_is_verified(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "stopped")
    assert "No worker is alive, so no list is read and nothing is verified." in text_of(operator, run)
    living_worker()
    assert "No worker is alive" not in text_of(operator, run)


def test_it_says_when_the_next_list_is_read(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    living_worker()
    one = make_connection()
    run = start_run(alice, one)
    put(one, "stopped")
    due = timezone.now() + timedelta(seconds=20)
    Account.objects.update(list_due_at=due)
    assert f"next list of default at about {timezone.localtime(due):%H:%M:%S}" in text_of(operator, run)


# -- when it is over


def is_over(client: Client, run: StopRun) -> bool:
    return "data-final" in client.get(f"{RUNS}{run.pk}/progress/").content.decode()


def test_it_goes_on_until_each_has_its_verdict(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "stopped", answered_at=timezone.now() - LONG_AGO)
    assert not is_over(operator, run)
    judged(one, "stopped", "still_alive")
    assert is_over(operator, run)


def test_what_is_gone_is_watched_for_a_while(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    put(one, "stopped", verdict="confirmed_gone")
    assert not is_over(operator, run)
    assert "for what comes back or goes late" in text_of(operator, run)
    judged(one, "stopped", "confirmed_gone")
    assert is_over(operator, run)


# -- what can be done


def test_what_is_alive_although_it_was_accepted_can_be_run_again(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    refused, alive, gone = make_connection(), make_connection(), make_connection(status="stopped")
    run = start_run(alice, refused, alive, gone)
    run.items.filter(connection=gone).update(state="stopped", skipped_why="")
    judged(refused, "refused", "still_alive")
    judged(alive, "stopped", "still_alive")
    judged(gone, "stopped", "confirmed_gone")
    shown = text_of(operator, run)
    assert "2 of 3 still open" in shown
    assert "Stop all 2 again…" in shown
    draft = control.again(run, alice)
    assert list(draft.items.values_list("connection", flat=True)) == [refused.pk, alive.pk]


def test_what_the_list_shows_gone_is_not_run_again(alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    judged(one, "refused", "confirmed_gone")
    assert not control.left_to_stop(run)


def test_what_came_back_can_be_cut(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    old = make_connection()
    run = start_run(alice, old, reason="Vendor key leaked", ticket="INC-7")
    new = make_connection(connection_id="F00DBABE-1")
    judged(old, "stopped", "came_back", came_back_as="F00DBABE-1", came_back_after_s=9)
    Connection.objects.filter(pk=old.pk).update(status="stopped")
    html = html_of(operator, run)
    assert "Stop 1 again…" in words(html)
    assert html.count("button cut") == 1
    operator.post(f"{RUNS}{run.pk}/cut_back/")
    draft = StopRun.objects.drafts().get()
    assert (draft.parent, draft.reason, draft.ticket) == (run, "Vendor key leaked", "INC-7")
    assert draft.items.get().connection == new


def test_what_came_back_in_one_account_is_not_cut_in_another(alice: User, make_connection: MakeConnection) -> None:
    old = make_connection()
    run = start_run(alice, old)
    new = make_connection(connection_id="F00DBABE-1")
    make_connection(connection_id="F00DBABE-1", account=Account.objects.create(name="field-ops"))
    judged(old, "stopped", "came_back", came_back_as="F00DBABE-1")
    assert list(control.came_back(run)) == [new]


def test_what_came_back_and_was_cut_since_is_not_offered(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    old = make_connection()
    run = start_run(alice, old)
    new = make_connection(connection_id="F00DBABE-1")
    judged(old, "stopped", "came_back", came_back_as="F00DBABE-1")
    start_run(alice, new)
    assert "that came back…" not in text_of(operator, run)
    with pytest.raises(NotAllowed):
        control.cut_back(run, alice)


def test_verifying_again_asks_for_the_lists_and_tells_who_wanted_it(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    one, never = make_connection(), make_connection()
    run = start_run(alice, one, never)
    judged(one, "stopped", "unverified", verdict_why="not_listed")
    judged(never, "stopped", "unverified", verdict_why="never_listed")
    Account.objects.update(list_due_at=timezone.now() + timedelta(seconds=30))
    assert "Verify the 1 again" in text_of(operator, run)
    operator.post(f"{RUNS}{run.pk}/verify/")
    account.refresh_from_db()
    assert account.list_due_at is not None
    assert account.list_due_at <= timezone.now()
    assert list(run.items.order_by("pk").values_list("verdict", flat=True)) == ["", "unverified"]
    line = json.loads(AuditEvent.objects.get(action="run.verification_asked").body)
    assert (line["actor"], line["run_id"], line["count"]) == ("alice", run.pk, 1)


def test_where_no_list_can_settle_it_nothing_is_asked(alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    judged(one, "stopped", "unverified", verdict_why="never_listed")
    with pytest.raises(NotAllowed):
        verify_again(run, alice, WEB)
    assert not AuditEvent.objects.filter(action="run.verification_asked").exists()


@pytest.mark.parametrize("name", ["cut_back", "verify"])
def test_one_who_may_only_look_can_do_neither(
    client: Client, carol: User, alice: User, make_connection: MakeConnection, name: str
) -> None:
    run = start_run(alice, make_connection())
    client.force_login(carol)
    assert client.post(f"{RUNS}{run.pk}/{name}/").status_code == 403


def test_a_rerun_of_what_came_back_is_linked(alice: User, operator: Client, make_connection: MakeConnection) -> None:
    old = make_connection()
    run = start_run(alice, old)
    make_connection(connection_id="F00DBABE-1")
    judged(old, "stopped", "came_back", came_back_as="F00DBABE-1")
    rerun = plan.start(control.cut_back(run, alice).key, alice, reason="again", origin=WEB)
    assert f"run again as run {rerun.pk}" in text_of(operator, run)


# -- the connection's page


def page_of(client: Client, connection: Connection) -> str:
    return client.get(f"/admin/connections/connection/{connection.pk}/change/").content.decode()


def stopped_and_judged(
    user: User, connection: Connection, verdict: str, state: str = "stopped", **facts: object
) -> StopItem:
    """Stopped by a run, answered 62 s before the list that gave the verdict was asked for."""
    run = start_run(user, connection)
    Connection.objects.filter(pk=connection.pk).update(status="stopped")
    with transaction.atomic():
        append([Entry("stop.answered", WORKER, actor=user, connection=connection, run=run, facts={"outcome": state})])
    asked = timezone.now()
    seq = list_read(connection.account, asked_at=asked)
    facts = {"verdict_seq": seq, "answered_at": asked - timedelta(seconds=62.5), **facts}
    item = put(connection, state, verdict=verdict, **facts)
    verified = {"item_id": item.pk, "outcome": state, "verdict": verdict, "list_seq": seq}
    verified |= {name: facts.get(name) for name in ("came_back_as", "came_back_after_s")}
    with transaction.atomic():
        append([Entry("stop.verified", WORKER, actor=user, connection=connection, run=run, facts=verified)])
    return item


def test_a_confirmed_stop_says_by_which_list_and_how_long_after(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    item = stopped_and_judged(alice, one, "confirmed_gone")
    assert item.answered_at
    asked = timezone.localtime(item.answered_at + timedelta(seconds=62.5))
    shown = words(page_of(operator, one))
    assert f"confirmed gone by the list of {asked:%H:%M:%S}, 62 s after the API accepted the stop" in shown
    assert f"Confirmed gone run {item.run_id} by the complete list of default that was asked for at" in shown


def test_what_was_not_accepted_is_not_called_so(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    stopped_and_judged(alice, one, "confirmed_gone", "unknown")
    shown = words(page_of(operator, one))
    assert "confirmed gone by the list of" in shown
    assert "API accepted" not in shown


def test_a_verdict_that_does_not_hold_any_more_is_not_the_status(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    one = make_connection()
    stopped_and_judged(alice, one, "still_alive")
    Connection.objects.update(status="active")
    assert "still alive in the list of" in words(page_of(operator, one))
    Connection.objects.update(status="ended")
    assert "still alive in the list of" not in words(page_of(operator, one))


def test_open_again_names_what_was_opened_since(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    stopped_and_judged(alice, one, "came_back", came_back_as="F00DBABE-1", came_back_after_s=9)
    new = make_connection(device_address=one.device_address, connection_id="F00DBABE-1", seen_seq=10_000)
    other = make_connection(device_address=one.device_address, opened_by="else@example.net", seen_seq=10_000)
    html = page_of(operator, one)
    panel = html.split("Open again?")[1].split("</div>")[0]
    assert f"/admin/connections/connection/{new.pk}/change/" in panel
    assert f"/admin/connections/connection/{other.pk}/change/" not in panel
    assert "came back 9 s after the answer" in words(html)


def test_open_again_says_that_none_was_only_after_a_complete_list(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    one = make_connection()
    stopped_and_judged(alice, one, "confirmed_gone")
    assert "Not known: default was not listed completely since." in words(page_of(operator, one))
    Account.objects.update(completely_listed_at=timezone.now(), listed_at=timezone.now())
    assert "No connection of vendor@example.net to this service was listed since." in words(page_of(operator, one))


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({}, "You can wait: the next complete list of default (about "),
        ({"list_due_at": None}, "You can wait: the next complete list of default shows whether it is gone."),
        ({"list_why": "HTTP 504", "completely_listed_at": None}, "was not complete, so it settles nothing: HTTP 504."),
        ({"held_at": "now"}, "default is held, so no list settles it for now."),
        ({"listed_at": None}, "No list of default was read yet"),
    ],
)
def test_an_unknown_one_says_what_settles_it(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection, facts: dict, says: str
) -> None:
    now = timezone.now()
    one = make_connection(status="unknown", listed_seq=1)
    known = {"listed_at": now, "completely_listed_at": now, "list_due_at": now, **facts}
    Account.objects.update(**{name: now if value == "now" else value for name, value in known.items()})
    assert says in words(page_of(operator, one))


def test_an_unknown_one_that_was_never_listed_is_not_promised_a_verdict(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    now = timezone.now()
    Account.objects.update(listed_at=now, completely_listed_at=now, list_due_at=now)
    one = make_connection(status="unknown")
    shown = words(page_of(operator, one))
    assert "No complete list ever held it, so none can confirm that it is gone." in shown
    assert "You can wait" not in shown


def test_the_timeline_begins_with_the_list_that_first_showed_it(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    seq = list_read(account)
    one = make_connection(seen_seq=seq - 1, listed_seq=seq - 1, known_by="listed")
    start_run(alice, one)
    shown = words(page_of(operator, one).split("What happened to it")[1])
    assert shown.index("asked to stop") < shown.index("First listed in a list of default")


# -- the history


def test_the_folded_line_of_a_run_counts_verdicts(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    gone, alive, unsure = (make_connection(device_name=name) for name in ("Gate A", "Gate B", "Gate C"))
    run = start_run(alice, gone, alive, unsure)
    judged(gone, "stopped", "confirmed_gone")
    judged(alive, "stopped", "still_alive")
    judged(unsure, "stopped", "unverified")
    shown = words(operator.get("/admin/connections/auditevent/").content.decode())
    assert f"run {run.pk}" in shown
    assert "1 confirmed gone 1 still alive 1 accepted, unverified" in shown
    fold = shown.split("The 2 that need a look")[1]
    assert "Gate B" in fold
    assert "Gate A" not in fold


def test_a_person_s_history_leaves_out_single_verdicts_and_lists(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    one = make_connection()
    stopped_and_judged(alice, one, "confirmed_gone")
    with transaction.atomic():
        append([Entry("connection.ended", WORKER, account=account, connection=one)])
    shown = words(operator.get("/admin/connections/auditevent/").content.decode())
    assert "Confirmed gone run" not in shown
    assert "List read" not in shown
    assert "Ended without us" not in shown


def test_the_history_of_a_connection_tells_its_end_and_its_verdict(
    operator: Client, alice: User, account: Account, make_connection: MakeConnection
) -> None:
    one = make_connection()
    stopped_and_judged(alice, one, "came_back", came_back_as="F00DBABE-1", came_back_after_s=9)
    with transaction.atomic():
        append([Entry("connection.ended", WORKER, account=account, connection=one, facts={"expired": True})])
    shown = words(operator.get(f"/admin/connections/auditevent/?connection={one.pk}").content.decode())
    assert "Came back run" in shown
    assert "same service and person, opened 9 s after the answer as F00DBABE-1" in shown
    assert "past its own end, and not in the list any more" in shown


def test_who_had_it_verified_again_is_told(operator: Client, alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    run = start_run(alice, one)
    judged(one, "stopped", "unverified", verdict_why="not_listed")
    verify_again(run, alice, WEB)
    shown = words(operator.get("/admin/connections/auditevent/").content.decode())
    assert "Had what is unverified tried again" in shown


def test_runs_that_need_a_look_are_those_with_a_bad_verdict(
    operator: Client, alice: User, make_connection: MakeConnection
) -> None:
    gone, alive = make_connection(), make_connection()
    start_run(alice, gone, reason="first reason")
    start_run(alice, alive, reason="second reason")
    judged(gone, "unknown", "confirmed_gone")
    judged(alive, "stopped", "still_alive")
    html = operator.get(f"{RUNS}?state=attention").content.decode()
    assert "second reason" in html
    assert "first reason" not in html


# -- for scripts


def test_the_command_s_json_carries_verdicts(alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection()
    run = start_run(alice, one, two)
    judged(one, "stopped", "came_back", came_back_as="F00DBABE-1", came_back_after_s=9)
    judged(two, "stopped", "unverified", verdict_why="never_listed")
    told = as_json(items_of(run), run_id=run.pk, dry_run=False)
    assert told["verdicts"] == {"came_back": 1, "unverified": 1}
    names = ("verdict", "verdict_why", "came_back_as", "came_back_after_s")
    assert [tuple(item[name] for name in names) for item in told["items"]] == [
        ("came_back", None, "F00DBABE-1", 9),
        ("unverified", "never_listed", None, None),
    ]


def test_the_command_s_lines_name_what_came_back(alice: User, make_connection: MakeConnection) -> None:
    one, two = make_connection(), make_connection()
    run = start_run(alice, one, two)
    judged(one, "stopped", "came_back", came_back_as="F00DBABE-1", came_back_after_s=9)
    judged(two, "stopped", "confirmed_gone")
    lines = list(as_lines(items_of(run), run_id=run.pk, dry_run=False))
    assert lines[0] == f"Run {run.pk}: 2 stopped, 1 confirmed gone, 1 came back"
    assert len(lines) == 2
    assert lines[1].endswith("came back 9 s later as F00DBABE-1")


def test_the_export_carries_the_verdict_and_what_it_rests_on(alice: User, make_connection: MakeConnection) -> None:
    one = make_connection()
    item = stopped_and_judged(alice, one, "confirmed_gone")
    told = [json.loads(line) for line in as_json_lines(AuditEvent.objects.filter(run=item.run))]
    last = told[-1]
    assert (last["action"], last["verdict"], last["outcome"]) == ("stop.verified", "confirmed_gone", "stopped")
    assert (last["item_id"], last["connection_id"], last["list_seq"]) == (item.pk, one.connection_id, item.verdict_seq)
