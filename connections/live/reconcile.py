"""Records follow the list: opened, known better, missing, ended.

An incomplete list ends nothing: it can only show what is open.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from connections.audit.append import Entry, Origin, append
from connections.models import Account, Connection
from connections.models.bulk import update_many
from connections.models.states import OPEN_STATUSES, ConnectionStatus, KnownBy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connections.models.connections import ConnectionQuerySet
    from connections.remoteit import Session, SessionList

WORKER = Origin("worker")
CHUNK = 1000


@dataclass
class Reconciled:
    """What a list changed: how many records it opened, and how many ended without us."""

    opened: int = 0
    ended: int = 0


@dataclass
class _Changes:
    """What a list has to change, sorted by kind; values are primary keys."""

    new: list[Session] = field(default_factory=list)
    known_better: list[tuple[Connection, Session]] = field(default_factory=list)
    first_complete: list[int] = field(default_factory=list)
    present_again: list[int] = field(default_factory=list)
    alive_after_all: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    ended: list[Connection] = field(default_factory=list)


def reconcile(account: Account, listed: SessionList, *, asked_seq: int) -> Reconciled:
    """Make the records of `account` follow `listed`, in small transactions. What shows nothing new writes nothing.

    `asked_seq`: the place in the audit's order at which the list was asked for.
    """
    sessions = {session.id.lower(): session for session in listed.sessions if session.proxy}
    changes = _compare(account, sessions, listed, asked_seq)
    for chunk in _chunks(changes.new):
        _open(account, chunk, asked_seq, complete=listed.complete)
    for pairs in _chunks(changes.known_better):
        _know_better(pairs)
    seen = Connection.objects.filter(account=account)
    _update(seen, changes.first_complete, listed_seq=asked_seq)
    _update(seen, changes.present_again, absent_seq=None)
    _update(seen, changes.missing, absent_seq=asked_seq)
    _update(
        seen.filter(status=ConnectionStatus.ENDED),
        changes.alive_after_all,
        status=ConnectionStatus.ACTIVE,
        status_at=timezone.now(),
        absent_seq=None,
    )
    return Reconciled(len(changes.new), sum(_end(account, chunk, asked_seq) for chunk in _chunks(changes.ended)))


def in_scope(connection: Connection, listed: SessionList) -> bool:
    """Whether the list covers where this connection was seen: an organisation that was left hides what it holds."""
    return not connection.list_scope or connection.list_scope in listed.accounts


def ids_sha256(listed: SessionList) -> str:
    """The SHA-256 of the list's proxy connection ids, sorted, a line each: what the audit keeps of a list."""
    ids = sorted(session.id for session in listed.sessions if session.proxy)
    return hashlib.sha256("".join(f"{one}\n" for one in ids).encode()).hexdigest()


def _compare(account: Account, sessions: dict[str, Session], listed: SessionList, asked_seq: int) -> _Changes:
    changes = _Changes()
    known = _known(account, sessions)
    for key, session in sessions.items():
        if key in known:
            _compare_seen(changes, known[key], session, complete=listed.complete)
        else:
            changes.new.append(session)
    if listed.complete:
        for key, connection in known.items():
            if key not in sessions and connection.status == ConnectionStatus.ACTIVE and in_scope(connection, listed):
                _compare_missing(changes, connection, asked_seq)
    return changes


def _known(account: Account, sessions: dict[str, Session]) -> dict[str, Connection]:
    records = Connection.objects.filter(account=account)
    known = {one.connection_key: one for one in records.filter(status__in=OPEN_STATUSES).iterator(chunk_size=5000)}
    rest = [key for key in sessions if key not in known]
    for chunk in _chunks(rest, 500):
        known.update((one.connection_key, one) for one in records.filter(connection_key__in=chunk))
    return known


def _compare_seen(changes: _Changes, known: Connection, session: Session, *, complete: bool) -> None:
    if known.known_by not in (KnownBy.LISTED, KnownBy.OPENED) or not known.device_name:
        changes.known_better.append((known, session))
    if complete and known.listed_seq is None:
        changes.first_complete.append(known.pk)
    if known.status == ConnectionStatus.ENDED:
        changes.alive_after_all.append(known.pk)
    elif known.absent_seq is not None:
        changes.present_again.append(known.pk)


def _compare_missing(changes: _Changes, known: Connection, asked_seq: int) -> None:
    if known.is_past_expiry or (known.absent_seq is not None and known.absent_seq < asked_seq):
        changes.ended.append(known)
    elif known.is_known_to_be_real and known.absent_seq is None:
        # An id that remote.it never named may be of another kind than those it lists: its absence says nothing.
        changes.missing.append(known.pk)


def _open(account: Account, sessions: list[Session], asked_seq: int, *, complete: bool) -> None:
    now = timezone.now()
    Connection.objects.bulk_create(
        [
            Connection(
                account=account,
                device_address=session.service_address,
                connection_id=session.id,
                connection_key=session.id.lower(),
                device_name=session.device_name,
                service_name=session.service_name,
                opened_by=session.opened_by,
                opened_at=_time(session),
                list_scope=session.account,
                known_by=KnownBy.LISTED,
                known_at=now,
                seen_seq=asked_seq,
                listed_seq=asked_seq if complete else None,
            )
            for session in sessions
        ],
        # Somebody may have imported the same id a moment ago: the next list meets it as known.
        ignore_conflicts=True,
    )


def _know_better(pairs: list[tuple[Connection, Session]]) -> None:
    with transaction.atomic():
        update_many(
            Connection, [(_better(connection, session), {"pk": connection.pk}) for connection, session in pairs]
        )


def _better(connection: Connection, session: Session) -> dict[str, object]:
    """What the list says of a connection; what it doesn't say stays as it was known."""
    return {
        "known_by": KnownBy.LISTED,
        "list_scope": session.account,
        "device_name": session.device_name or connection.device_name,
        "service_name": session.service_name or connection.service_name,
        "opened_by": session.opened_by or connection.opened_by,
        "opened_at": _time(session) or connection.opened_at,
    }


def _time(session: Session) -> datetime | None:
    try:
        at = parse_datetime(session.opened_at)
    except ValueError:
        return None
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


def _update(records: ConnectionQuerySet, ids: list[int], **values: object) -> None:
    for chunk in _chunks(ids):
        records.filter(pk__in=chunk).update(**values)


def _end(account: Account, connections: list[Connection], asked_seq: int) -> int:
    with transaction.atomic():
        active = Connection.objects.filter(
            pk__in=[connection.pk for connection in connections], status=ConnectionStatus.ACTIVE
        )
        locked = set(active.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
        active.filter(pk__in=locked).update(
            status=ConnectionStatus.ENDED, status_at=timezone.now(), absent_seq=asked_seq
        )
        ended = [connection for connection in connections if connection.pk in locked]
        if ended:
            append([_ended_line(account, connection, asked_seq) for connection in ended])
    return len(ended)


def _ended_line(account: Account, connection: Connection, asked_seq: int) -> Entry:
    facts = {"list_seq": asked_seq, "expired": connection.is_past_expiry or None}
    return Entry("connection.ended", WORKER, account=account, connection=connection, facts=facts)


def _chunks(values: list, size: int = CHUNK) -> Iterator[list]:
    return (values[first : first + size] for first in range(0, len(values), size))
