"""The one way by which lines get into the history."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from connections.audit.origin import Origin
from connections.db.bulk import insert_rows, update_same
from connections.models import Account, AuditEvent, AuditHead, Connection, StopRun

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User
    from django.db.models import Model

logger = logging.getLogger("panel.history")

GENESIS = "0" * 64
COLUMNS = (
    *("seq", "at", "action", "actor_id", "account_id", "connection_id", "run_id"),
    *("body", "prev_hash", "hash"),
)


@dataclass(frozen=True)
class Entry:
    """One line to be appended. `facts` are the body's further fields; empty ones are left out."""

    action: str
    origin: Origin
    actor: User | None = None
    account: Account | None = None
    connection: Connection | None = None
    run: StopRun | None = None
    at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def append(entries: Iterable[Entry]) -> int:
    """Append `entries` to the chain, in order, and return the sequence number of the last.

    Runs inside the caller's transaction and takes the head's lock, which is held until its commit: call it
    last. Sequence numbers are gapless because they are given under that lock.
    """
    if not database.in_atomic_block:
        raise RuntimeError("audit lines are written in the transaction of what they tell")
    head = AuditHead.objects.select_for_update(no_key=True).get()
    now = timezone.now()
    rows = []
    for entry in entries:
        at = entry.at or now
        body = canonical(_body(entry, at))
        prev_hash, head.hash = head.hash, link(head.hash, body)
        head.seq += 1
        keys = (_key(entry.actor), _key(entry.account), _key(entry.connection), _key(entry.run))
        rows.append((head.seq, at, entry.action, *keys, body, prev_hash, head.hash))
    insert_rows(AuditEvent, COLUMNS, rows)
    update_same(AuditHead, [head.pk], {"seq": head.seq, "hash": head.hash}, still={})
    if settings.LOG_FORMAT == "json":
        transaction.on_commit(partial(_log, rows))
    return head.seq


def _log(rows: list[tuple[Any, ...]]) -> None:
    """Each line that is committed, for a collector; the history itself stays what proves something."""
    for seq, _at, action, *_keys, body, _prev_hash, digest in rows:
        logger.info("%s", action, extra={"fields": {**json.loads(body), "seq": seq, "hash": digest}})


def ensure_head() -> None:
    """Make the chain's head in a new database. Where lines exist without one, it is left to be found missing."""
    if not AuditHead.objects.exists() and not AuditEvent.rows.exists():
        AuditHead.objects.create(seq=0, hash=GENESIS)


def link(prev_hash: str, body: str) -> str:
    """The hash of a line: of the one before it and of its own body's digest, both as lower-case hex in ASCII.

    The body enters by its digest, so that a proof can show a stranger's line without what it says.
    """
    digest = hashlib.sha256(body.encode()).hexdigest()
    return hashlib.sha256((prev_hash + digest).encode()).hexdigest()


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(body: dict[str, Any]) -> str:
    """`body` as the text that is hashed: sorted keys, no spaces, UTF-8. Floats are refused: they have no one form."""
    for key, value in body.items():
        if isinstance(value, float):
            raise TypeError(f"the audit field {key} is a float")
    return _ENCODER.encode(body)


def timestamp(at: datetime) -> str:
    """`at` in UTC with microseconds, the one form in which the audit writes times."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _key(row: Model | None) -> Any:
    return None if row is None else row.pk


def _body(entry: Entry, at: datetime) -> dict[str, Any]:
    body: dict[str, Any] = {"at": timestamp(at), "action": entry.action, "origin": entry.origin.kind}
    for name in ("client_ip", "user_agent", "system_user", "token", "request_id"):
        if value := getattr(entry.origin, name):
            body[name] = value
    if entry.actor is not None:
        body["actor"] = entry.actor.get_username()
        body["actor_id"] = entry.actor.pk
    if entry.account is not None:
        body["account"] = entry.account.name
        body["account_id"] = entry.account.pk
    if entry.connection is not None:
        body["connection_id"] = entry.connection.connection_id
        body["device_address"] = entry.connection.device_address
        body["connection"] = entry.connection.pk
    if entry.run is not None:
        body["run_id"] = entry.run.pk
        if entry.run.hold_id is not None:
            body["hold_id"] = entry.run.hold_id
    body.update({key: value for key, value in entry.facts.items() if value is not None and value != ""})
    return body
