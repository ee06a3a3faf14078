"""Signed checkpoints: when they are written, where they are kept, and what they let somebody find."""

from __future__ import annotations

import base64
import io
import json
import logging
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from connections import checks, tasks
from connections.audit import triggers, upkeep
from connections.audit.append import GENESIS, Entry, append, link
from connections.audit.checkpoints import checkpoint_finished_runs, checkpoints_file, signed_text, write_checkpoint
from connections.audit.origin import Origin
from connections.audit.signing import NoSigningKey, is_signed, key_file, public_text, sign, signing_key, trusted_keys
from connections.audit.verify import verify
from connections.models import AuditCheckpoint, AuditEvent, AuditHead, Connection
from tests.support.commands import manage
from tests.support.runs import put, start_run

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
TABLE, CHECKPOINTS = triggers.TABLE, triggers.TABLES["checkpoint"]
ATTACKER = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    """An empty folder for the key and the file."""
    settings.AUDIT_FOLDER = tmp_path
    return tmp_path


@pytest.fixture
def protected() -> Iterator[None]:
    triggers.install()
    yield
    triggers.remove()


@pytest.fixture
def history(alice: User, protected: None) -> None:
    """Eight lines with a checkpoint after the fourth and the eighth."""
    for texts in ("abcd", "efgh"):
        write(*texts)
        write_checkpoint()


def write(*texts: str) -> None:
    with transaction.atomic():
        append([Entry("test.note", Origin("web"), facts={"text": text}) for text in texts])


def without_triggers(*statements: str) -> None:
    """What only somebody can do who owns the database."""
    triggers.remove()
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    triggers.install()


def rewrite_from(first: int) -> None:
    """Change the line `first` and recompute every hash after it, and the head: the chain fits again."""
    triggers.remove()
    prev_hash = AuditEvent.objects.get(seq=first).prev_hash
    for event in AuditEvent.objects.filter(seq__gte=first).order_by("seq"):
        body = event.body.replace('"text":"', '"text":"forged ') if event.seq == first else event.body
        own_hash = link(prev_hash, body)
        AuditEvent.objects.filter(seq=event.seq).update(body=body, prev_hash=prev_hash, hash=own_hash)
        prev_hash = own_hash
    AuditHead.objects.update(hash=prev_hash)
    triggers.install()


def sign_anew(key: Ed25519PrivateKey) -> None:
    """Replace every stored checkpoint by one that fits the history as it is now."""
    without_triggers(f"DELETE FROM {CHECKPOINTS}")
    event = AuditEvent.objects.latest("seq")
    at = "2026-11-23T12:00:00.000000Z"
    signature = sign(key, signed_text(event.seq, event.hash, at))
    AuditCheckpoint.objects.create(
        seq=event.seq, hash=event.hash, at=at, public_key=public_text(key), signature=signature
    )


def cut_after(last: int) -> None:
    own_hash = AuditEvent.objects.get(seq=last).hash
    without_triggers(f"DELETE FROM {TABLE} WHERE seq > {last}", f"DELETE FROM {CHECKPOINTS} WHERE seq > {last}")
    AuditHead.objects.update(seq=last, hash=own_hash)


def moved_away() -> Path:
    """Put the file of checkpoints where it was copied to, so that none lies beside the database."""
    return checkpoints_file().rename(checkpoints_file().with_name("copied.jsonl"))


def told(**options: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_audit", stdout=out, **options)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_it_signs_the_last_line(history: None) -> None:
    one = AuditCheckpoint.objects.last()
    assert one is not None
    line = json.loads(checkpoints_file().read_text().splitlines()[-1])
    assert (one.seq, one.hash) == (8, AuditEvent.objects.get(seq=8).hash)
    assert is_signed(one.public_key, one.signature, f"remoteit-admin checkpoint v1\n8\n{one.hash}\n{line['at']}\n")


def test_an_empty_history_has_no_checkpoint(db: None) -> None:
    assert write_checkpoint() is None


def test_nothing_new_is_not_signed_again(history: None) -> None:
    write_checkpoint()
    assert [one.seq for one in AuditCheckpoint.objects.all()] == [4, 8]


def test_the_file_has_them_all(history: None) -> None:
    lines = [json.loads(line) for line in checkpoints_file().read_text().splitlines()]
    assert [line["seq"] for line in lines] == [4, 8]
    assert [line["signature"] for line in lines] == list(AuditCheckpoint.objects.values_list("signature", flat=True))


def test_a_file_that_was_moved_away_is_begun_anew(history: None) -> None:
    checkpoints_file().unlink()
    write_checkpoint()
    assert [json.loads(line)["seq"] for line in checkpoints_file().read_text().splitlines()] == [4, 8]


def test_a_torn_last_line_is_mended(history: None) -> None:
    text = checkpoints_file().read_text()
    checkpoints_file().write_text(text[:-20])
    write_checkpoint()
    assert checkpoints_file().read_text() == text


def test_a_file_that_can_not_be_written_is_caught_up_with(history: None, folder: Path) -> None:
    checkpoints_file().unlink()
    checkpoints_file().mkdir()
    write("i")
    write_checkpoint()
    checkpoints_file().rmdir()
    write_checkpoint()
    assert [json.loads(line)["seq"] for line in checkpoints_file().read_text().splitlines()] == [4, 8, 9]


def test_another_database_s_file_is_kept_and_added_to(history: None) -> None:
    other = checkpoints_file().read_text().replace('"seq":8', '"seq":900')
    checkpoints_file().write_text(other)
    write("i")
    write_checkpoint()
    assert checkpoints_file().read_text().startswith(other)
    assert [json.loads(line)["seq"] for line in checkpoints_file().read_text().splitlines()] == [4, 900, 4, 8, 9]


def test_the_schedule_signs_what_is_new(protected: None) -> None:
    write("a")
    tasks.sign_history.call_local()
    assert AuditCheckpoint.objects.get().seq == 1


def test_a_finished_run_is_signed(alice: User, make_connection: Callable[..., Connection]) -> None:
    one = make_connection()
    run = start_run(alice, one)
    checkpoint_finished_runs()
    assert not AuditCheckpoint.objects.exists()
    put(one, "stopped")
    checkpoint_finished_runs()
    write("a line that is not of this run")
    checkpoint_finished_runs()
    last = AuditEvent.objects.filter(run=run).latest("seq").seq
    assert [one.seq for one in AuditCheckpoint.objects.all()] == [last]


def test_the_worker_signs_a_finished_run_by_itself(alice: User, make_connection: Callable[..., Connection]) -> None:
    one = make_connection()
    start_run(alice, one)
    put(one, "stopped")
    ending = threading.Event()

    def keep() -> None:
        try:
            upkeep.run(ending)
        finally:
            connection.close()

    thread = threading.Thread(target=keep)
    thread.start()
    deadline = time.monotonic() + 20
    while not AuditCheckpoint.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    ending.set()
    thread.join()
    assert AuditCheckpoint.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {CHECKPOINTS} SET hash = 'x'",
        f"DELETE FROM {CHECKPOINTS}",
        f"UPDATE {TABLE} SET seq = 9 WHERE seq = 8",
        f"UPDATE {TABLE} SET body = '' WHERE seq = 2",
    ],
)
def test_the_database_refuses(history: None, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert verify().holds


@pytest.mark.skipif(connection.vendor != "sqlite", reason="INSERT OR REPLACE is SQLite's own")
def test_a_checkpoint_is_not_replaced(history: None) -> None:
    before = list(AuditCheckpoint.objects.values())
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT OR REPLACE INTO {CHECKPOINTS} SELECT seq, 'x', at, public_key, 'x' FROM {CHECKPOINTS}")
    assert list(AuditCheckpoint.objects.values()) == before


def test_the_orm_is_refused_too(history: None) -> None:
    event = AuditEvent.objects.get(seq=2)
    event.body = "{}"
    for attempt in (
        lambda: AuditEvent.objects.filter(seq=2).update(body="{}"),
        lambda: AuditEvent.objects.filter(seq=2).delete(),
        lambda: AuditEvent.objects.all()._raw_delete("default"),
        lambda: AuditEvent.objects.bulk_update([event], ["body"]),
        event.save,
        event.delete,
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()
    assert verify().holds


def test_a_line_that_the_orm_puts_in_is_found(history: None) -> None:
    last = AuditEvent.objects.get(seq=8)
    body = last.body.replace("h", "x")
    AuditEvent.objects.create(
        seq=9, at=last.at, action=last.action, body=body, prev_hash=last.hash, hash=link(last.hash, body)
    )
    assert verify().faults == ["events after 8 were not given out by the head"]


def test_two_lines_in_another_order_are_found(history: None) -> None:
    without_triggers(
        f"UPDATE {TABLE} SET seq = 900 WHERE seq = 2",
        f"UPDATE {TABLE} SET seq = 2 WHERE seq = 3",
        f"UPDATE {TABLE} SET seq = 3 WHERE seq = 900",
    )
    assert verify().faults[:2] == [
        "event 2: does not continue the line before it",
        "event 3: does not continue the line before it",
    ]


def test_a_line_put_in_between_is_found(history: None) -> None:
    moves = [f"UPDATE {TABLE} SET seq = {seq + 1} WHERE seq = {seq}" for seq in range(8, 2, -1)]
    columns = "at, action, body, prev_hash"
    insert = f"INSERT INTO {TABLE} (seq, hash, {columns}) SELECT 3, '{'e' * 64}', {columns} FROM {TABLE} WHERE seq = 2"
    without_triggers(*moves, insert)
    AuditHead.objects.update(seq=9)
    assert "event 3: does not continue the line before it" in verify().faults


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite is a file")
def test_an_edit_of_the_database_file_is_found(history: None, tmp_path: Path) -> None:
    write("of the file")
    copy = tmp_path / "copy.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(copy)])
    content = copy.read_bytes()
    assert content.count(b'"text":"of the file"') == 1
    copy.write_bytes(content.replace(b'"text":"of the file"', b'"text":"or the file"'))
    told = manage("verify_audit", DATABASE_URL=f"sqlite:///{copy}", TEST_FOLDER=str(tmp_path))
    assert (told.returncode, told.stdout.count(b"FAULT")) == (1, 1)
    assert b"FAULT: event 9: its text was changed: the hash does not fit" in told.stdout


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite is a file")
def test_triggers_taken_out_of_the_database_file_are_missed(history: None) -> None:
    raw = sqlite3.connect(connection.settings_dict["NAME"])
    raw.execute("DROP TRIGGER audit_no_update")
    raw.execute(f"UPDATE {TABLE} SET body = '{{}}' WHERE seq = 3")
    raw.commit()
    raw.close()
    faults = verify().faults
    assert "event 3: its text was changed: the hash does not fit" in faults
    assert "trigger audit_no_update is missing or was changed" in faults


def test_a_rewritten_history_is_found_by_the_stored_checkpoints(history: None) -> None:
    moved_away()
    rewrite_from(6)
    assert verify().faults == [
        "the checkpoint of event 8: the history was rewritten up to there, after event 4, which still fits"
    ]


def test_a_rewritten_history_without_its_checkpoints_is_found_by_the_copies(history: None) -> None:
    held = moved_away()
    rewrite_from(2)
    without_triggers(f"DELETE FROM {CHECKPOINTS}")
    assert verify().holds
    code, text = told(checkpoint=str(held))
    assert code == 1
    assert "line 1: the history was rewritten up to there, from the beginning on" in text


def test_a_cut_tail_is_found_by_the_stored_checkpoint(history: None) -> None:
    moved_away()
    own_hash = AuditEvent.objects.get(seq=6).hash
    without_triggers(f"DELETE FROM {TABLE} WHERE seq > 6")
    AuditHead.objects.update(seq=6, hash=own_hash)
    assert verify().faults == ["the checkpoint of event 8: event 8 is not there any more"]


def test_a_cut_tail_without_its_checkpoint_is_found_by_the_copies(history: None) -> None:
    held = moved_away()
    cut_after(6)
    assert verify().holds
    code, text = told(checkpoint=str(held))
    assert code == 1
    assert "line 2: event 8 is not there any more" in text


def test_a_rewrite_whose_key_was_put_in_the_place_of_ours_is_found_by_the_copies(history: None) -> None:
    held = moved_away()
    rewrite_from(2)
    sign_anew(ATTACKER)
    key_file().write_text(base64.b64encode(b"\x01" * 32).decode())
    assert verify().holds
    code, text = told(checkpoint=str(held))
    assert (code, text.count("which is no key of ours")) == (1, 2)


def test_a_tail_that_was_cut_and_written_anew_is_found_by_the_copies(history: None) -> None:
    held = moved_away()
    cut_after(6)
    write("other", "lines", "instead")
    write_checkpoint()
    assert verify().holds
    code, text = told(checkpoint=str(held))
    assert code == 1
    assert "line 2: the history was rewritten up to there, after event 4, which still fits" in text


def test_everything_cut_is_found_by_the_copies(history: None) -> None:
    held = moved_away()
    without_triggers(f"DELETE FROM {TABLE}", f"DELETE FROM {CHECKPOINTS}")
    AuditHead.objects.update(seq=0, hash=GENESIS)
    assert verify().holds
    assert told(checkpoint=str(held))[0] == 1


def test_everything_emptied_is_found_by_the_file_beside(history: None) -> None:
    without_triggers(f"DELETE FROM {TABLE}", f"DELETE FROM {CHECKPOINTS}")
    AuditHead.objects.update(seq=0, hash=GENESIS)
    code, text = told()
    assert code == 1
    assert "checkpoints.jsonl, line 2: event 8 is not there any more" in text


def test_a_cut_tail_is_found_by_an_earlier_verification(history: None) -> None:
    write("i", "j")
    assert told()[0] == 0
    moved_away()
    cut_after(8)
    [fault] = verify().faults
    assert fault.startswith("the verification of 2")
    assert fault.endswith(": event 10 is not there any more")


def test_a_rewrite_is_found_by_an_earlier_verification(history: None) -> None:
    assert told()[0] == 0
    moved_away()
    rewrite_from(2)
    without_triggers(f"DELETE FROM {CHECKPOINTS}")
    [fault] = verify().faults
    assert fault.endswith("event 8 had another hash, so the history was rewritten since")


def test_what_was_found_once_is_found_again(history: None) -> None:
    assert told()[0] == 0
    moved_away()
    cut_after(6)
    assert [told()[0], told()[0]] == [1, 1]


def test_it_names_its_reach(history: None) -> None:
    told()
    copy = checkpoints_file().with_name("copied.jsonl")
    copy.write_text(checkpoints_file().read_text().splitlines(keepends=True)[0])
    text = told(checkpoint=str(copy))[1]
    assert "The chain holds from event 1 to event 8.\n" in text
    assert "Compared: 2 checkpoints kept in the database, the last of event 8.\n" in text
    assert "Compared: 2 checkpoints in checkpoints.jsonl on this host, the last of event 8.\n" in text
    assert "Compared: event 8, read by an earlier verification, as the database keeps it.\n" in text
    assert "Compared: 1 checkpoint in the file that was given, of event 4.\n" in text


def test_it_says_that_there_was_nothing_to_compare_with(protected: None) -> None:
    write("a")
    text = told()[1]
    assert "Compared: no checkpoint kept in the database.\n" in text
    assert "Compared: no checkpoint in checkpoints.jsonl on this host.\n" in text
    assert "Compared: no earlier verification.\n" in text


def test_a_file_that_can_not_be_read_was_not_compared(history: None) -> None:
    moved_away()
    checkpoints_file().mkdir()
    code, text = told()
    assert code == 0
    assert "Compared: not compared with checkpoints in checkpoints.jsonl on this host: Is a directory.\n" in text


def test_what_is_no_checkpoint_in_the_file_is_told(history: None) -> None:
    text = checkpoints_file().read_text()
    checkpoints_file().write_text("{}\n" + text)
    assert verify().faults == ["checkpoints.jsonl, line 1 is no checkpoint."]


def test_a_torn_last_line_of_the_file_is_no_fault(history: None) -> None:
    checkpoints_file().write_text(checkpoints_file().read_text()[:-20])
    assert verify().holds


def test_a_rewrite_signed_with_another_key_is_found(history: None) -> None:
    moved_away()
    rewrite_from(2)
    sign_anew(ATTACKER)
    fault = f"the checkpoint of event 8: it was signed by {public_text(ATTACKER)}, which is no key of ours"
    assert verify().faults == [fault]


@pytest.mark.parametrize("column", ["hash", "signature", "public_key", "at"])
def test_a_changed_checkpoint_is_found(history: None, column: str) -> None:
    value = {"hash": "f" * 64, "at": "2020-01-01 00:00:00+00:00"}.get(column, "x")
    without_triggers(f"UPDATE {CHECKPOINTS} SET {column} = '{value}' WHERE seq = 4")
    assert verify().faults == ["the checkpoint of event 4: its signature does not fit"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite stores anything in any column")
@pytest.mark.parametrize("column", ["hash", "signature", "public_key", "at"])
@pytest.mark.parametrize("value", ["x'00'", "'no time'", "CAST(x'ff' AS text)"])
def test_a_checkpoint_that_can_not_be_read_is_told(history: None, column: str, value: str) -> None:
    without_triggers(f"UPDATE {CHECKPOINTS} SET {column} = {value} WHERE seq = 4")
    assert verify().faults


def test_a_checkpoint_of_an_older_key_is_trusted_when_it_is_named(history: None, settings: Settings) -> None:
    moved_away()
    [old] = trusted_keys()
    settings.AUDIT_SIGNING_KEY = base64.b64encode(b"\x07" * 32).decode()
    assert [fault.endswith("which is no key of ours") for fault in verify().faults] == [True, True]
    settings.AUDIT_SIGNING_KEY += f", public:{old}"
    assert verify().holds
    write("i")
    write_checkpoint()
    assert verify().holds


def test_the_checkpoints_that_fit_are_told(history: None) -> None:
    code, text = told(checkpoint=str(checkpoints_file()))
    assert code == 0
    assert (
        f"Last signed checkpoint: event 8, {json.loads(checkpoints_file().read_text().splitlines()[1])['at']}" in text
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON\n",
        "[]\n",
        '{"seq":1}\n',
        '{"seq":"1","hash":"","at":"","public_key":"","signature":""}\n',
        '{"seq":1,"hash":"","at":"2026-11-23T12:00:00Z","public_key":1,"signature":""}\n',
    ],
)
def test_a_file_that_holds_no_checkpoints_is_wrong_use(history: None, folder: Path, text: str) -> None:
    path = folder / "other.jsonl"
    path.write_text(text)
    with pytest.raises(CommandError) as error:
        told(checkpoint=str(path))
    assert error.value.returncode == 2


def test_the_key_is_made_once_for_its_owner_alone(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        first = public_text(signing_key())
    assert public_text(signing_key()) == first
    assert stat.S_IMODE(key_file().stat().st_mode) == 0o600
    assert [record.message for record in caplog.records if str(key_file()) in record.message]
    assert [path.name for path in key_file().parent.iterdir()] == [key_file().name]


def test_a_lost_key_is_not_replaced(history: None) -> None:
    key_file().unlink()
    write("i")
    with pytest.raises(NoSigningKey, match="is not on this host"):
        write_checkpoint()
    assert not key_file().exists()


def test_the_environment_s_key_wins(settings: Settings) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    settings.AUDIT_SIGNING_KEY = base64.b64encode(b"\x07" * 32).decode()
    assert public_text(signing_key()) == public_text(key)
    assert not key_file().exists()


@pytest.mark.parametrize("text", ["x", "AAAA", "public:", f"{base64.b64encode(bytes(32)).decode()},x"])
def test_what_is_no_key_is_refused_at_the_start_and_never_shown(settings: Settings, text: str) -> None:
    settings.AUDIT_SIGNING_KEY = text
    with pytest.raises(ImproperlyConfigured) as error:
        trusted_keys()
    [found] = checks.signing_key_is_one()
    assert (found.id, found.msg) == ("connections.E003", str(error.value))
    assert "AAAA" not in found.msg


def test_no_more_faults_are_named_than_can_be_read(protected: None) -> None:
    write(*("x" for _ in range(150)))
    without_triggers(f"UPDATE {TABLE} SET action = 'other'")
    found = verify()
    assert (found.fault_count, len(found.faults)) == (150, 100)
    assert "150 faults in all" in told()[1]
