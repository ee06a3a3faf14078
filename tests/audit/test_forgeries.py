"""What somebody can do who owns the database, in every way we could think of: each is named, or leaves nothing false.

Attacks on a running copy found lines that no verification read, tables that no chain covered, and copies that nobody
asked. Each forgery here is made by plain SQL, with the triggers taken away where they would refuse it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from connections.audit import triggers
from connections.audit.append import GENESIS, Entry, append, canonical, link, timestamp
from connections.audit.checkpoints import checkpoints_file, claims_in, signed_text, write_checkpoint
from connections.audit.signing import key_file, public_text, sign
from connections.audit.upkeep import verify_and_keep
from connections.audit.verify import Result, verify
from connections.models import AuditCheckpoint, AuditEvent, AuditHead, AuditVerification, Connection
from tests.support.runs import WEB, start_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.both]
EVENTS, HEADS, CHECKPOINTS = triggers.TABLE, triggers.HEAD, triggers.TABLES["checkpoint"]
VERIFICATIONS = AuditVerification._meta.db_table
ATTACKER = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)


@pytest.fixture(autouse=True)
def history(
    alice: User, make_connection: Callable[..., Connection], settings: Settings, tmp_path: Path
) -> Iterator[None]:
    """Eight lines, the second of them of a run; signed after the fourth and the last, verified, and protected."""
    settings.AUDIT_FOLDER = tmp_path
    note()
    start_run(alice, make_connection())
    note()
    note()
    write_checkpoint()
    for _ in range(4):
        note()
    write_checkpoint()
    triggers.install()
    assert verify_and_keep().result is Result.HOLDS
    yield
    triggers.remove()


def note() -> None:
    with transaction.atomic():
        append([Entry("test.note", WEB, actor=User.objects.get(username="alice"), facts={"text": "true"})])


def run_sql(sql: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def rewrite(first: int, change: Callable[[dict[str, object]], object]) -> None:
    """Let `change` change the text of the line `first`, and make every hash after it fit again."""
    prev_hash = AuditEvent.rows.get(seq=first).prev_hash
    for event in AuditEvent.rows.filter(seq__gte=first).order_by("seq"):
        body = json.loads(event.body)
        if event.seq == first:
            change(body)
        text = canonical(body)
        own_hash = link(prev_hash, text)
        AuditEvent.rows.filter(seq=event.seq).update(body=text, prev_hash=prev_hash, hash=own_hash)
        prev_hash = own_hash
    AuditHead.objects.update(hash=prev_hash)


def lie(body: dict[str, object]) -> None:
    body["text"] = "forged"


def insert(seq: int, prev_hash: str) -> None:
    body = canonical({"action": "test.note", "at": "2026-11-23T12:00:00.000000Z", "text": "forged"})
    columns = "seq, at, action, body, prev_hash, hash"
    values = (seq, "2026-11-23 12:00:00+00:00", "test.note", body, prev_hash, link(prev_hash, body))
    run_sql(f"INSERT INTO {EVENTS} ({columns}) VALUES (%s, %s, %s, %s, %s, %s)", *values)


def last_hash() -> str:
    return AuditHead.objects.get().hash


def delete(where: str) -> None:
    run_sql(f"DELETE FROM {EVENTS} WHERE {where}")


def cut_after(seq: int) -> None:
    own_hash = AuditEvent.rows.get(seq=seq).hash
    delete(f"seq > {seq}")
    AuditHead.objects.update(seq=seq, hash=own_hash)


def empty_all() -> None:
    delete("1 = 1")
    AuditHead.objects.update(seq=0, hash=GENESIS)


def forget_checkpoints(after: int = 0) -> None:
    run_sql(f"DELETE FROM {CHECKPOINTS} WHERE seq > {after}")


def forget_verifications() -> None:
    run_sql(f"DELETE FROM {VERIFICATIONS}")


def sign_anew() -> None:
    forget_checkpoints()
    event = AuditEvent.rows.latest("seq")
    at = event.at
    signature = sign(ATTACKER, signed_text(event.seq, event.hash, timestamp(at)))
    facts = {"hash": event.hash, "at": at, "public_key": public_text(ATTACKER), "signature": signature}
    AuditCheckpoint.objects.create(seq=event.seq, **facts)


def swap(one: int, other: int) -> None:
    for before, after in ((one, 900), (other, one), (900, other)):
        run_sql(f"UPDATE {EVENTS} SET seq = {after} WHERE seq = {before}")


def change(column: str, value: object, seq: int = 3) -> Callable[[], None]:
    return lambda: run_sql(f"UPDATE {EVENTS} SET {column} = %s WHERE seq = %s", value, seq)


def all_of(*steps: Callable[[], object]) -> Callable[[], None]:
    def forge() -> None:
        for step in steps:
            step()

    return forge


FORGERIES: dict[str, Callable[[], object]] = {
    "a line's text": change("body", '{"action":"test.note"}'),
    "a line's text, no JSON": change("body", "gone"),
    "a line's hash": change("hash", "f" * 64),
    "a line's previous hash": change("prev_hash", "f" * 64),
    "a line's action": change("action", "user.signed_in"),
    "a line's time": change("at", "2020-01-01 00:00:00+00:00"),
    "a line's person": change("actor_id", None),
    "a line's run": change("run_id", None, seq=2),
    "a line's number": change("seq", 900),
    "a line's number below 1": change("seq", -3),
    "the first line taken out": lambda: delete("seq = 1"),
    "a line in the middle taken out": lambda: delete("seq = 3"),
    "several in the middle taken out": lambda: delete("seq IN (3, 4, 5)"),
    "the last line taken out": lambda: delete("seq = 8"),
    "all lines taken out": lambda: delete("1 = 1"),
    "two lines in another order": lambda: swap(3, 4),
    "a line 0": lambda: insert(0, GENESIS),
    "a line -5": lambda: insert(-5, GENESIS),
    "the lowest number there is": lambda: insert(-(2**63), GENESIS),
    "a line past the head": lambda: insert(9, last_hash()),
    "a line far past the head": lambda: insert(10**9, last_hash()),
    "a line past a head that was moved with it": all_of(
        lambda: insert(9, "e" * 64), lambda: AuditHead.objects.update(seq=9)
    ),
    "a tail that was cut": lambda: cut_after(6),
    "a tail that was cut before its checkpoint": all_of(lambda: cut_after(6), lambda: forget_checkpoints(after=6)),
    "a tail that was cut and written anew": all_of(
        lambda: cut_after(6), lambda: forget_checkpoints(after=6), note, note, note
    ),
    "a line rewritten, and all after it": lambda: rewrite(5, lie),
    "all rewritten": lambda: rewrite(1, lie),
    "all rewritten, without checkpoints": all_of(lambda: rewrite(1, lie), forget_checkpoints),
    "all rewritten, signed with another key": all_of(lambda: rewrite(1, lie), sign_anew),
    "all rewritten, that key in the place of ours": all_of(
        lambda: rewrite(1, lie),
        sign_anew,
        lambda: key_file().write_text(base64.b64encode(b"\x01" * 32).decode()),
    ),
    "everything emptied": all_of(empty_all, forget_checkpoints),
    "everything emptied, earlier verifications too": all_of(empty_all, forget_checkpoints, forget_verifications),
    "everything emptied, the file too": all_of(empty_all, forget_checkpoints, lambda: checkpoints_file().unlink()),
    "everything emptied and begun anew": all_of(empty_all, forget_checkpoints, *[note] * 12),
    "the head's number": lambda: AuditHead.objects.update(seq=7),
    "the head's hash": lambda: AuditHead.objects.update(hash="f" * 64),
    "the head taken away": lambda: AuditHead.objects.all().delete(),
    "a second head": lambda: AuditHead.objects.create(seq=8, hash="f" * 64),
    "a checkpoint's hash": lambda: run_sql(f"UPDATE {CHECKPOINTS} SET hash = '{'f' * 64}' WHERE seq = 4"),
    "a checkpoint of a line that never was": lambda: run_sql(f"UPDATE {CHECKPOINTS} SET seq = 999 WHERE seq = 8"),
    "a line of the file of checkpoints": lambda: checkpoints_file().write_text(
        checkpoints_file().read_text().replace('"seq":4', '"seq":5')
    ),
    "a run's reason": lambda: run_sql("UPDATE connections_stoprun SET reason = 'forged'"),
    "a run's person": lambda: run_sql("UPDATE connections_stoprun SET user_name = 'mallory'"),
    "an outcome": lambda: run_sql("UPDATE connections_stopitem SET state = 'stopped'"),
    "an item taken out": lambda: run_sql("DELETE FROM connections_stopitem"),
    "a connection's id": lambda: run_sql("UPDATE connections_connection SET connection_id = 'forged'"),
    "a person's name": lambda: run_sql("UPDATE auth_user SET username = 'mallory' WHERE username = 'alice'"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_it_is_found(forgery: str) -> None:
    triggers.remove()
    FORGERIES[forgery]()
    triggers.install()
    found = verify()
    assert found.result is Result.DOES_NOT_HOLD, forgery
    assert found.faults


@pytest.mark.parametrize(
    "forgery", [name for name in FORGERIES if name.startswith(("a line", "the lowest", "all lines"))]
)
def test_the_database_refuses_it_or_it_is_found(forgery: str) -> None:
    """With the triggers where they are: what needs no more than the right to write to the tables."""
    before = list(AuditEvent.rows.order_by("seq").values_list("seq", "hash"))
    try:
        FORGERIES[forgery]()
    except DatabaseError:
        assert list(AuditEvent.rows.order_by("seq").values_list("seq", "hash")) == before
    else:
        assert verify().result is Result.DOES_NOT_HOLD


def test_a_trigger_taken_away_is_found_before_anything_is_forged() -> None:
    triggers.remove()
    assert verify().result is Result.DOES_NOT_HOLD


def test_what_nobody_here_can_find_is_found_by_the_copies(tmp_path: Path) -> None:
    """Everything on this host and in its database rewritten, and signed with our own key: the documented limit."""
    copy = checkpoints_file().read_text()
    triggers.remove()
    all_of(empty_all, forget_checkpoints, forget_verifications, lambda: checkpoints_file().unlink(), *[note] * 9)()
    write_checkpoint()
    run_sql("DELETE FROM connections_stopitem")
    run_sql("DELETE FROM connections_stoprun")
    triggers.install()
    assert verify().result is Result.HOLDS
    assert verify(claims_in(copy.splitlines(), "copy")).result is Result.DOES_NOT_HOLD
