"""The history refuses to be changed; and where it is changed past the refusal, verifying it says which line."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from connections.audit import triggers
from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.audit.verify import verify
from connections.models import AuditEvent, AuditHead
from tests.support.commands import manage
from tests.support.slow import slow_but

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
TABLE = AuditEvent._meta.db_table


@pytest.fixture
def history(alice: User) -> Iterator[None]:
    """Four lines, protected as in a real database."""
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), actor=alice, facts={"text": text}) for text in "abcd"])
    triggers.install()
    yield
    triggers.remove()


def run_sql(sql: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def tamper(sql: str, *values: object) -> list[str]:
    """Do what only somebody can do who takes the triggers away; returns what verifying finds afterwards."""
    triggers.remove()
    run_sql(sql, *values)
    triggers.install()
    return verify().faults


def told() -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_audit", stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE {TABLE} SET body = '{{}}' WHERE seq = 2",
        f"UPDATE {TABLE} SET action = 'x'",
        f"DELETE FROM {TABLE} WHERE seq = 4",
        f"DELETE FROM {TABLE}",
    ],
)
def test_the_database_refuses_to_change_or_remove_a_line(history: None, sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        run_sql(sql)
    assert verify().holds


@pytest.mark.skipif(connection.vendor != "sqlite", reason="INSERT OR REPLACE is SQLite's own")
def test_the_database_refuses_to_replace_a_line(history: None) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        run_sql(f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE} WHERE seq = 2")
    assert verify().holds


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_the_database_refuses_to_empty_the_table(history: None) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        run_sql(f"TRUNCATE {TABLE}")
    assert verify().holds


def test_a_changed_text_is_found(history: None) -> None:
    body = AuditEvent.objects.get(seq=2).body.replace('"text":"b"', '"text":"B"')
    faults = tamper(f"UPDATE {TABLE} SET body = %s WHERE seq = 2", body)
    assert faults == ["event 2: its text was changed: the hash does not fit"]


def test_a_text_that_is_no_json_is_found(history: None) -> None:
    faults = tamper(f"UPDATE {TABLE} SET body = 'gone' WHERE seq = 2")
    assert "event 2: its text is not JSON" in faults


def test_a_changed_text_with_a_fitting_hash_breaks_the_next_line(history: None) -> None:
    from connections.audit.append import link

    second = AuditEvent.objects.get(seq=2)
    body = second.body.replace('"text":"b"', '"text":"B"')
    faults = tamper(f"UPDATE {TABLE} SET body = %s, hash = %s WHERE seq = 2", body, link(second.prev_hash, body))
    assert faults == ["event 3: does not continue the line before it"]


def test_a_changed_hash_is_found(history: None) -> None:
    faults = tamper(f"UPDATE {TABLE} SET hash = %s WHERE seq = 2", "f" * 64)
    assert "event 2: its text was changed: the hash does not fit" in faults


@pytest.mark.parametrize(
    ("column", "value"), [("action", "user.signed_in"), ("actor_id", None), ("at", "2020-01-01 00:00:00+00:00")]
)
def test_a_changed_column_is_found(history: None, column: str, value: str | None) -> None:
    faults = tamper(f"UPDATE {TABLE} SET {column} = %s WHERE seq = 2", value)
    assert faults == [f"event 2: its column {column.removesuffix('_id')} differs from its text"]


def test_a_line_missing_in_the_middle_is_found(history: None) -> None:
    assert "event 2 is missing" in tamper(f"DELETE FROM {TABLE} WHERE seq = 2")


def test_lines_missing_in_the_middle_are_found(history: None) -> None:
    assert "events 2 to 3 are missing" in tamper(f"DELETE FROM {TABLE} WHERE seq IN (2, 3)")


def test_a_missing_last_line_is_found(history: None) -> None:
    faults = tamper(f"DELETE FROM {TABLE} WHERE seq = 4")
    assert faults == ["the head names event 4, the last line before it is event 3"]


def test_a_line_that_was_put_in_past_the_head_is_found(history: None) -> None:
    columns = "at, action, body, prev_hash"
    faults = tamper(
        f"INSERT INTO {TABLE} (seq, hash, {columns}) SELECT 5, %s, {columns} FROM {TABLE} WHERE seq = 4", "f" * 64
    )
    assert faults == ["events after 4 were not given out by the head"]


def test_a_changed_head_is_found(history: None) -> None:
    AuditHead.objects.update(hash="f" * 64)
    assert verify().faults == ["the head names event 4, the last line before it is event 4"]


def test_a_missing_trigger_is_found(history: None) -> None:
    triggers.remove()
    assert verify().faults == [f"trigger {name} is missing or was changed" for name in triggers.wanted()]


def test_the_command_says_how_many_lines_hold_and_how_they_end(history: None) -> None:
    code, text = told()
    assert (code, text.splitlines()[:3]) == (
        0,
        [
            "4 events read.",
            f"Last hash: {AuditEvent.objects.get(seq=4).hash}",
            "The chain holds from event 1 to event 4.",
        ],
    )


def test_the_command_says_what_it_cannot_show(history: None) -> None:
    assert "What this can't show: lines cut off the end" in told()[1]


def test_the_command_tells_each_fault_and_ends_with_1(history: None) -> None:
    tamper(f"DELETE FROM {TABLE} WHERE seq = 2")
    code, text = told()
    assert code == 1
    assert "FAULT: event 2 is missing\n" in text
    assert "The chain holds" not in text


def test_an_empty_history_holds() -> None:
    triggers.install()
    try:
        assert told()[0] == 0
    finally:
        triggers.remove()


@pytest.mark.parametrize(("arguments", "code"), slow_but([([], 0)], [([], 0), (["--help"], 0), (["--unknown"], 2)]))
def test_its_exit_code(history: None, arguments: list[str], code: int) -> None:
    assert manage("verify_audit", *arguments).returncode == code


def test_a_missing_head_is_a_fault(history: None) -> None:
    AuditHead.objects.all().delete()
    assert any("head is missing" in fault for fault in verify().faults)


def test_a_second_head_is_a_fault(history: None) -> None:
    AuditHead.objects.create(seq=4, hash="0" * 64)
    assert verify().faults == ["a second head is there: nothing more can be written"]


WEAKER = {
    "sqlite": [
        "DROP TRIGGER audit_no_update",
        f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON {TABLE} WHEN 0 BEGIN SELECT RAISE(ABORT, 'no'); END",
    ],
    "postgresql": [
        f"DROP TRIGGER audit_no_change ON {TABLE}",
        f"CREATE TRIGGER audit_no_change BEFORE UPDATE OF action OR DELETE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    ],
}


def test_a_trigger_that_refuses_less_is_found_and_made_again(history: None) -> None:
    for statement in WEAKER[connection.vendor]:
        run_sql(statement)
    [fault] = verify().faults
    assert fault.endswith("is missing or was changed")
    triggers.install()
    assert verify().holds


def test_migrate_says_that_a_trigger_is_missing_and_makes_it_again(history: None) -> None:
    triggers.remove()
    ended = manage("migrate")
    assert (ended.returncode, triggers.missing()) == (0, [])
    for name in triggers.wanted():
        assert f"trigger {name} is missing" in ended.stderr.decode()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's triggers call no function")
def test_a_function_that_refuses_nothing_is_found_and_made_again(history: None) -> None:
    run_sql("CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")
    by_that_function = [name for name in triggers.wanted() if name != "audit_next_line"]
    assert verify().faults == [f"trigger {name} is missing or was changed" for name in by_that_function]
    triggers.install()
    assert verify().holds


def test_a_text_that_is_no_object_is_a_fault(history: None) -> None:
    assert any("no JSON object" in fault for fault in tamper(f"UPDATE {TABLE} SET body = '[]' WHERE seq = 2"))


NO_TEXT, NO_UTF8 = "x'7b7d'", "CAST(x'ff' AS text)"
of_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite stores anything in any column")


@of_sqlite
@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("body", NO_TEXT, "event 2: it holds something else than text"),
        ("prev_hash", NO_TEXT, "event 2: it holds something else than text"),
        ("hash", NO_TEXT, "event 2: its text was changed: the hash does not fit"),
        ("at", "'no time'", "event 2: its column at differs from its text"),
        ("at", NO_TEXT, "event 2: its column at differs from its text"),
        ("action", NO_TEXT, "event 2: its column action differs from its text"),
        ("body", NO_UTF8, "what is stored after event 1 can't be read"),
        ("hash", NO_UTF8, "what is stored after event 1 can't be read"),
    ],
)
def test_what_is_no_text_at_all_is_told_and_breaks_nothing(history: None, column: str, value: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in tamper(f"UPDATE {TABLE} SET {column} = {value} WHERE seq = 2"))


@of_sqlite
@pytest.mark.parametrize("column", ["seq", "hash"])
def test_a_head_that_can_not_be_read_is_told(history: None, column: str) -> None:
    run_sql(f"UPDATE {AuditHead._meta.db_table} SET {column} = {NO_UTF8}")
    assert verify().faults


def test_a_text_without_end_is_told(history: None) -> None:
    assert "event 2: its text is not JSON" in tamper(f"UPDATE {TABLE} SET body = %s WHERE seq = 2", "[" * 100_000)
