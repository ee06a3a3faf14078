"""What keeps a verification from reading is no fault of the history: it holds, does not hold, or could not be read."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction

from connections.audit import triggers
from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.audit.verify import Result, verify
from connections.models import AuditEvent, AuditVerification
from tests.support.commands import manage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]
TABLE = AuditEvent._meta.db_table
of_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL cancels a query")
of_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite is a file")


@pytest.fixture(autouse=True)
def history(alice: User) -> Iterator[None]:
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), actor=alice, facts={"text": text * 500}) for text in "abcdefgh" * 50])
    triggers.install()
    yield
    triggers.remove()


def run_sql(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def told() -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_audit", stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


@of_postgresql
def test_a_statement_that_takes_too_long_is_no_fault() -> None:
    run_sql("SET statement_timeout = 1")
    try:
        found = verify()
    finally:
        connection.close()
    assert (found.result, found.faults) == (Result.UNREADABLE, [])
    assert "statement timeout" in found.unread


@of_postgresql
def test_a_lock_that_is_waited_for_too_long_is_no_fault() -> None:
    run_sql("SET lock_timeout = 50")
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE")
            code, text = told()
        other.rollback()
    finally:
        other.close()
        connection.close()
    assert code == 2
    assert "COULD NOT BE READ: after event 0: canceling statement due to lock timeout" in text
    assert "This says nothing about the history" in text
    kept = AuditVerification.objects.get()
    assert (kept.fault_count, kept.at) == (0, None)
    assert "lock timeout" in kept.unread_why


@of_postgresql
def test_a_query_that_somebody_cancels_is_no_fault() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    ending = threading.Event()

    def cancel() -> None:
        other = connection.copy()
        with other.cursor() as cursor:
            while not ending.wait(0.0005):
                cursor.execute("SELECT pg_cancel_backend(%s)", [pid])
        other.close()

    thread = threading.Thread(target=cancel)
    thread.start()
    time.sleep(0.02)
    try:
        results = {verify().result for _ in range(3)}
    finally:
        ending.set()
        thread.join()
        connection.close()
    assert Result.DOES_NOT_HOLD not in results


@of_sqlite
def test_a_query_that_is_interrupted_is_no_fault() -> None:
    connection.ensure_connection()
    connection.connection.set_progress_handler(lambda: 1, 1)
    try:
        found = verify()
    finally:
        connection.connection.set_progress_handler(None, 1)
    assert (found.result, found.faults, found.unread) == (Result.UNREADABLE, [], "after event 0: interrupted")


def no_database(folder: Path) -> str:
    file = folder / "db.sqlite3"
    file.write_text("not a database " * 100)
    return f"sqlite:///{file}"


def test_a_database_that_is_away_ends_with_2(tmp_path: Path) -> None:
    away = "postgres://panel:x@127.0.0.1:9/panel" if connection.vendor == "postgresql" else no_database(tmp_path)
    ended = manage("verify_audit", DATABASE_URL=away)
    assert ended.returncode == 2
    assert b"COULD NOT BE READ" in ended.stdout
    assert b"Traceback" not in ended.stderr


def test_what_was_found_before_reading_broke_off_is_a_fault() -> None:
    triggers.remove()
    run_sql(f"UPDATE {TABLE} SET action = 'x' WHERE seq = 1")
    run_sql(f"ALTER TABLE {triggers.TABLES['checkpoint']} RENAME TO hidden")
    try:
        unread = verify()
    finally:
        run_sql(f"ALTER TABLE hidden RENAME TO {triggers.TABLES['checkpoint']}")
    assert unread.result is Result.UNREADABLE
    assert verify().result is Result.DOES_NOT_HOLD
