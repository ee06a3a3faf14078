"""The database takes the next line of the history and no other; what got in all the same is named and never shown."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from connections.audit import triggers
from connections.audit.append import GENESIS, Entry, append, link
from connections.audit.export import as_objects
from connections.audit.origin import Origin
from connections.audit.verify import verify
from connections.evidence.archive import export
from connections.models import AuditEvent, AuditHead, Connection, StopRun
from tests.support.runs import WEB, start_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]
TABLE = AuditEvent._meta.db_table


@pytest.fixture
def protected(transactional_db: None) -> Iterator[None]:
    triggers.install()
    yield
    triggers.remove()


@pytest.fixture
def history(alice: User, protected: None) -> None:
    """Four lines of Alice's."""
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), actor=alice, facts={"text": text}) for text in "abcd"])


def body_of(seq: int, actor: User, run: StopRun | None = None) -> str:
    facts = {"action": "run.cancelled", "actor": actor.username, "actor_id": actor.pk, "at": "2026-11-23T12:00:00Z"}
    return json.dumps(facts | ({"run_id": run.pk} if run else {}) | {"forged": seq})


def insert(actor: User, *seqs: int, prev_hash: str, run: StopRun | None = None) -> None:
    """What anybody may who may write to the table; each line continues the one before it in `seqs`."""
    marks = ", ".join(["(%s, '2026-11-23 12:00:00+00:00', 'run.cancelled', %s, %s, %s, %s, %s)"] * len(seqs))
    values: list[object] = []
    for seq in seqs:
        body = body_of(seq, actor, run)
        own_hash = link(prev_hash, body)
        values += [seq, actor.pk, run.pk if run else None, body, prev_hash, own_hash]
        prev_hash = own_hash
    columns = "seq, at, action, actor_id, run_id, body, prev_hash, hash"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TABLE} ({columns}) VALUES {marks}", values)


def head() -> AuditHead:
    return AuditHead.objects.get()


@pytest.mark.parametrize("seqs", [[0], [-5], [2], [6], [1_000_000], [5, 7], [5, 6, 5_000], [-1, 5], [-(2**63)]])
def test_a_line_of_another_number_is_refused(history: None, alice: User, seqs: list[int]) -> None:
    with pytest.raises(DatabaseError):
        insert(alice, *seqs, prev_hash=head().hash)
    assert AuditEvent.rows.count() == 4


@pytest.mark.parametrize("prev_hash", [GENESIS, "f" * 64, ""])
def test_a_next_line_that_continues_another_is_refused(history: None, alice: User, prev_hash: str) -> None:
    with pytest.raises(DatabaseError, match="not its next line"):
        insert(alice, 5, prev_hash=prev_hash)


def test_the_next_lines_are_taken_many_at_once(history: None, alice: User) -> None:
    with transaction.atomic():
        append([Entry("test.note", WEB, actor=alice) for _ in range(300)])
    assert verify().holds
    assert head().seq == 304


@pytest.mark.parametrize(("seq", "from_seq"), [(5, -6), (-5, -6), (4, 3), (0, -1)])
def test_a_head_that_was_moved_back_lets_no_line_in(history: None, alice: User, seq: int, from_seq: int) -> None:
    last = head().hash
    AuditHead.objects.update(seq=from_seq)
    with pytest.raises(DatabaseError):
        insert(alice, seq, prev_hash=last)


def test_without_a_head_no_line_gets_in(history: None, alice: User) -> None:
    last = head().hash
    AuditHead.objects.all().delete()
    with pytest.raises(DatabaseError, match="not its next line"):
        insert(alice, 5, prev_hash=last)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's temporary tables are not found first")
def test_a_temporary_table_does_not_pass_for_the_head(history: None, alice: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {triggers.HEAD} AS SELECT id, 99 AS seq, hash FROM {triggers.HEAD}")
    try:
        with pytest.raises(DatabaseError, match="not its next line"):
            insert(alice, 100, prev_hash=GENESIS)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE pg_temp.{triggers.HEAD}")


WEAKER = {
    "sqlite": [
        "DROP TRIGGER audit_next_line",
        f"CREATE TRIGGER audit_next_line BEFORE INSERT ON {TABLE} WHEN 0 BEGIN SELECT RAISE(ABORT, 'no'); END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION audit_next_line() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
    ],
}


def test_a_trigger_that_takes_more_is_found_and_made_again(history: None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in WEAKER[connection.vendor]:
            cursor.execute(statement)
    assert verify().faults == ["trigger audit_next_line is missing or was changed"]
    triggers.install()
    assert verify().holds


@pytest.fixture
def forged(alice: User, make_connection: Callable[..., Connection], protected: None) -> StopRun:
    """A run of Alice's, and two lines about it that no head gave out: both before the first."""
    run = start_run(alice, make_connection())
    triggers.remove()
    insert(alice, -5, 0, prev_hash=GENESIS, run=run)
    triggers.install()
    return run


def test_a_line_outside_the_chain_is_named(forged: StopRun) -> None:
    assert verify().faults == [
        "event -5 is no line of the history: its number lies before the first",
        "event 0 is no line of the history: its number lies before the first",
    ]


def test_a_line_past_the_head_is_named_and_not_shown(history: None, alice: User) -> None:
    insert(alice, 5, prev_hash=head().hash)
    assert verify().faults == ["events after 4 were not given out by the head"]
    assert [line["seq"] for line in as_objects(AuditEvent.objects.all())] == [1, 2, 3, 4]


def test_of_many_lines_outside_the_chain_the_first_are_named_and_all_counted(history: None, alice: User) -> None:
    triggers.remove()
    insert(alice, *range(-150, 0), prev_hash=GENESIS)
    triggers.install()
    found = verify()
    assert (found.fault_count, len(found.faults)) == (150, 100)


@pytest.mark.parametrize("query", ["", "actor={actor}", "run={run}", "run={run}&action=run.cancelled", "line=-5"])
def test_no_page_of_the_history_shows_it(forged: StopRun, client: Client, admin_user: User, query: str) -> None:
    client.force_login(admin_user)
    text = query.format(actor=forged.user_id, run=forged.pk)
    html = client.get(f"/admin/connections/auditevent/?{text}").content.decode()
    assert 'id="line--5"' not in html
    assert "cancelled what was not sent" not in html


def test_the_run_s_page_does_not_show_it(forged: StopRun, client: Client, alice: User) -> None:
    client.force_login(alice)
    html = client.get(f"/admin/connections/stoprun/{forged.pk}/change/").content.decode()
    assert "alice cancelled" not in " ".join(html.split())


def test_no_export_holds_it(forged: StopRun) -> None:
    assert [line["seq"] for line in as_objects(AuditEvent.objects.all())] == [1]


def test_evidence_is_none_of_it(forged: StopRun, alice: User) -> None:
    with zipfile.ZipFile(export(forged, alice, WEB)) as archive:
        evidence = json.loads(archive.read("evidence.json"))
    assert evidence["chain"][0]["seq"] == 1
    assert not any("forged" in line for line in evidence["about"])
