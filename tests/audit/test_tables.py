"""Pages show tables, which the chain does not cover: they are compared with their lines, hourly and on a run's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

from connections.audit import triggers
from connections.audit.append import Entry, append
from connections.audit.tables import differences
from connections.audit.upkeep import verify_and_keep
from connections.audit.verify import verify
from connections.evidence.archive import export
from connections.live.read import read_list
from connections.models import Account, AuditVerification, Connection, StopItem, StopRun
from connections.people.lines import standing_of, user_line
from connections.sandbox import Sandbox
from connections.stops import control, plan
from tests.conftest import open_in
from tests.stops.test_drain import finish, start_run
from tests.support.runs import WEB

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]
RUN, ITEM, CONNECTION = (model._meta.db_table for model in (StopRun, StopItem, Connection))


@pytest.fixture
def run(alice: User, sandbox: Sandbox, account: Account) -> Iterator[StopRun]:
    """Five connections, three of them stopped and verified, one skipped at its turn, one left out from the start."""
    sandbox.call(open_in, sandbox.server.world, 5)
    read_list(account)
    *_stopped, ended, left_out = Connection.objects.order_by("pk")
    Connection.objects.filter(pk=left_out.pk).update(status="stopped")
    run = start_run(alice)
    Connection.objects.filter(pk=ended.pk).update(status="ended")
    finish(run)
    read_list(account)
    triggers.install()
    yield run
    triggers.remove()


def tamper(sql: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def first_item(run: StopRun) -> StopItem:
    return run.items.order_by("pk")[0]


def page(client: Client, run: StopRun, user: User, query: str = "") -> str:
    client.force_login(user)
    return " ".join(client.get(f"/admin/connections/stoprun/{run.pk}/change/{query}").content.decode().split())


def test_what_the_panel_wrote_is_what_its_lines_say(run: StopRun, client: Client, alice: User) -> None:
    found = verify()
    assert (found.faults, found.runs, found.items) == ([], 1, 5)
    assert "differs from the history" not in page(client, run, alice)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("state", "refused", "its outcome is “refused”, and the history says “stopped”"),
        ("state", "queued", "its outcome is “queued”, and the history says “stopped”"),
        ("attempts", 7, "its number of tries is “7”, and the history says “1”"),
        ("upstream_status", 500, "its status of the answer is “500”, and the history says “200”"),
        ("upstream_reason", "forged", "its text of the answer is “forged”, and the history says “"),
        ("took_ms", 99_999, "its time to answer is “99999”, and the history says “"),
        ("skipped_why", "other_run", "its reason for being skipped is “other_run”"),
        ("verdict", "came_back", "its verdict is “came_back”, and the history says “confirmed_gone”"),
        ("verdict", "", "its verdict is “”, and the history says “confirmed_gone”"),
        ("verdict_why", "not_listed", "its reason for being unverified is “not_listed”"),
        ("verdict_seq", 1, "its list that the verdict rests on is “1”"),
        ("came_back_as", "X", "its connection as which it came back is “X”"),
        ("came_back_after_s", 3, "its time until it came back is “3”"),
        ("sent_at", "2020-01-01 00:00:00+00:00", "its time of sending is “2020-01-01 00:00:00"),
        ("answered_at", "2020-01-01 00:00:00+00:00", "its time of the answer is “2020-01-01 00:00:00"),
        ("answered_at", None, "its time of the answer is “None”"),
    ],
)
def test_a_changed_item_is_named(
    run: StopRun, client: Client, alice: User, column: str, value: object, words: str
) -> None:
    item = first_item(run)
    tamper(f"UPDATE {ITEM} SET {column} = %s WHERE id = %s", value, item.pk)
    faults = [fault for fault in verify().faults if f"run {run.pk}, item {item.pk}: {words}" in fault]
    assert len(faults) == 1
    assert words in page(client, run, alice)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("reason", "FORGED REASON", "its reason is “FORGED REASON”, and the history says “"),
        ("ticket", "X-1", "its ticket is “X-1”"),
        ("user_name", "mallory", "its name of the person is “mallory”, and the history says “alice”"),
        ("list_sha256", "f" * 64, "its list of connections is “ffff"),
        ("selector", '{"forged": true}', "its selection is “"),
        ("started_at", "2020-01-01 00:00:00+00:00", "its start is “2020-01-01"),
        ("paused_at", "2026-01-01 00:00:00+00:00", "its pause is “"),
        ("cancelled_at", "2026-01-01 00:00:00+00:00", "its cancellation is “"),
    ],
)
def test_a_changed_run_is_named(
    run: StopRun, client: Client, alice: User, column: str, value: object, words: str
) -> None:
    tamper(f"UPDATE {RUN} SET {column} = %s WHERE id = %s", value, run.pk)
    assert [fault for fault in verify().faults if f"run {run.pk}: {words}" in fault]
    assert words in page(client, run, alice)


def test_a_changed_item_and_a_changed_run_are_named(run: StopRun, client: Client, alice: User) -> None:
    tamper(f"UPDATE {ITEM} SET state = 'refused' WHERE id = %s", first_item(run).pk)
    tamper(f"UPDATE {RUN} SET reason = 'FORGED REASON' WHERE id = %s", run.pk)
    words = ["its reason is “FORGED REASON”, and", "its outcome is “refused”, and the history says “stopped”"]
    faults = verify().faults
    assert [word in fault for word, fault in zip(words, faults, strict=True)] == [True, True]
    html = page(client, run, alice)
    assert all(word in html for word in words)


@pytest.mark.slow
def test_a_run_that_is_called_another_person_s_is_named(run: StopRun, bob: User) -> None:
    tamper(f"UPDATE {RUN} SET user_id = %s WHERE id = %s", bob.pk, run.pk)
    assert any("its person is" in fault for fault in verify().faults)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("connection_id", "FORGED", "its connection id is “FORGED”"),
        ("device_address", "80:00:00:00:00:00:00:01", "its service address is “80:00:00:00:00:00:00:01”"),
    ],
)
def test_a_connection_that_became_another_is_named(
    run: StopRun, client: Client, alice: User, column: str, value: str, words: str
) -> None:
    tamper(f"UPDATE {CONNECTION} SET {column} = %s WHERE id = %s", value, first_item(run).connection_id)
    assert any(words in fault for fault in verify().faults)
    assert words in page(client, run, alice)


def test_an_item_that_is_gone_is_named(run: StopRun, client: Client, alice: User) -> None:
    item = first_item(run)
    tamper(f"DELETE FROM {ITEM} WHERE id = %s", item.pk)
    assert (
        f"run {run.pk}, item {item.pk}: its row is “not there any more”, and the history says “there”"
        in verify().faults
    )
    assert "its row is “not there any more”" in page(client, run, alice)


def test_an_item_that_was_put_in_is_named(run: StopRun, make_connection: Callable[..., Connection]) -> None:
    one = make_connection()
    StopItem.objects.create(run=run, connection=one, account=one.account, state="skipped", skipped_why="not_active")
    assert verify().faults == [f"run {run.pk}: its number of connections left out is “2”, and the history says “1”"]


def test_an_outcome_without_a_line_is_named(run: StopRun) -> None:
    left_out = run.items.order_by("pk").last()
    assert left_out is not None
    tamper(f"UPDATE {ITEM} SET state = 'stopped', skipped_why = '' WHERE id = %s", left_out.pk)
    assert any("its outcome is “stopped”, and the history says “queued”" in fault for fault in verify().faults)


def test_a_connection_in_the_place_of_one_that_was_never_sent_is_named(
    alice: User, make_connection: Callable[..., Connection]
) -> None:
    frozen = plan.draft(alice, Connection.objects.filter(pk=make_connection().pk), {})
    run = plan.start(frozen.key, alice, reason="incident", origin=WEB)
    assert differences(run.pk) == []
    tamper(f"UPDATE {ITEM} SET connection_id = %s WHERE run_id = %s", make_connection().pk, run.pk)
    [fault] = differences(run.pk)
    assert fault.what == "list_sha256"


def test_a_run_without_a_line_is_named(run: StopRun, alice: User) -> None:
    other = StopRun.objects.create(user=alice, user_name="alice", state="started", reason="forged")
    assert f"run {other.pk}: its outcome is “started”, and the history says “asked for by nobody”" in verify().faults


def test_a_run_that_was_made_a_draft_again_is_named(run: StopRun) -> None:
    tamper(f"UPDATE {RUN} SET state = 'draft' WHERE id = %s", run.pk)
    assert f"run {run.pk}: its outcome is “draft”, and the history says “started”" in verify().faults


def test_a_person_s_other_name_is_named(run: StopRun, alice: User) -> None:
    tamper("UPDATE auth_user SET username = 'mallory' WHERE id = %s", alice.pk)
    assert f"person {alice.pk} is called “mallory”, and the history says “alice”" in verify().faults


def test_a_person_who_was_renamed_in_the_panel_is_not(run: StopRun, alice: User) -> None:
    before = standing_of(alice)
    alice.username = "alicia"
    alice.save()
    line = user_line(alice, before, [], alice, WEB)
    assert line is not None
    with transaction.atomic():
        append([line])
        # A worker that read the old name a moment ago.
        append([Entry("test.note", WEB, actor=User(pk=alice.pk, username="alice"))])
    assert verify().faults == []


def test_an_account_s_other_name_is_named(run: StopRun, account: Account) -> None:
    tamper("UPDATE connections_account SET name = 'forged' WHERE id = %s", account.pk)
    assert f"account {account.pk} is called “forged”, and the history says “default”" in verify().faults


def test_an_account_that_was_renamed_after_an_unsent_run_is_no_fault(
    alice: User, account: Account, make_connection: Callable[..., Connection]
) -> None:
    with transaction.atomic():
        append([Entry("list.started", WEB, account=account)])
    make_connection()
    run = start_run(alice)
    control.cancel(run, alice, WEB)
    account.name = "renamed"
    account.save()
    with transaction.atomic():
        append([Entry("account.changed", WEB, actor=alice, account=account, facts={"fields": ["name"]})])
    assert verify_faults(run) == []
    with export(run, alice, WEB) as file:
        assert file.read(2) == b"PK"


def test_a_run_under_way_is_no_fault(alice: User, make_connection: Callable[..., Connection], client: Client) -> None:
    for _ in range(3):
        make_connection()
    run = start_run(alice)
    control.pause(run, alice, WEB)
    assert verify_faults(run) == []
    control.resume(run, alice, WEB)
    control.cancel(run, alice, WEB)
    assert {item.state for item in run.items.all()} == {"cancelled"}
    assert verify_faults(run) == []


def verify_faults(run: StopRun) -> list[str]:
    triggers.install()
    try:
        return [*verify().faults, *map(str, differences(run.pk)), *map(str, differences(run.pk, connections_of(run)))]
    finally:
        triggers.remove()


def connections_of(run: StopRun) -> set[int]:
    return set(run.items.values_list("connection_id", flat=True))


def test_of_a_long_run_the_page_compares_what_it_shows(
    run: StopRun, client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connections.admin.runs.differences.COMPARED_WHOLE", 1)
    item = first_item(run)
    tamper(f"UPDATE {ITEM} SET state = 'refused' WHERE id = %s", item.pk)
    assert "its outcome is “refused”" in page(client, run, alice, "?outcome=all")
    assert "differs from the history" not in page(client, run, alice, "?outcome=skipped")
    verify_and_keep()
    assert AuditVerification.objects.get().differing_runs == [run.pk]
    html = page(client, run, alice, "?outcome=skipped")
    assert "found differences in this run" in html


def test_what_moves_while_it_is_read_is_not_called_different(run: StopRun, monkeypatch: pytest.MonkeyPatch) -> None:
    from connections.audit import tables

    read = tables._stored_items
    item = first_item(run)

    def behind(*arguments: object) -> object:
        rows = list(read(*arguments))
        with transaction.atomic():
            append([Entry("stop.answered", WEB, run=run, connection=item.connection, account=item.account, facts=late)])
        return [row._replace(state="sending") for row in rows]

    late = {"item_id": item.pk, "attempt": 1, "outcome": "unknown", "late": True}
    monkeypatch.setattr(tables, "_stored_items", behind)
    assert differences(run.pk) == []
    monkeypatch.undo()
    assert differences(run.pk) == []
