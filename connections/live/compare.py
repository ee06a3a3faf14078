"""What a list says of the records: what is new, known better, missing, ended. Nothing is written here.

An incomplete list ends nothing: it can only show what is open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from django.utils import timezone

from connections.models import Connection
from connections.models.states import OPEN_STATUSES, ConnectionStatus, KnownBy

if TYPE_CHECKING:
    from connections.models import Account
    from connections.models.connections import ConnectionQuerySet
    from connections.remoteit import Session, SessionList

T = TypeVar("T")
READ_AT_ONCE = 5000
LOOKED_UP_AT_ONCE = 500


class Known(NamedTuple):
    """What the comparison needs of a record: there may be a hundred thousand of them."""

    pk: int
    key: str
    status: str
    known_by: str
    device_name: str
    service_kind: int | None
    list_scope: str
    seen_seq: int | None
    listed_seq: int | None
    absent_seq: int | None
    expires_at: datetime | None


COLUMNS = tuple("connection_key" if name == "key" else name for name in Known._fields)


@dataclass
class Changes:
    """What a list has to change, sorted by kind; numbers are primary keys."""

    new: list[Session] = field(default_factory=list)
    known_better: dict[int, Session] = field(default_factory=dict)
    first_complete: list[int] = field(default_factory=list)
    present_again: list[int] = field(default_factory=list)
    alive_after_all: list[int] = field(default_factory=list)
    listed_though_cut: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    uncovered: Counter[str] = field(default_factory=Counter)
    """How many are held for open where the list does not reach, by scope: it says nothing of them."""


def compare(account: Account, listed: SessionList, *, asked_seq: int) -> Changes:
    """What `listed` says of the records of `account`.

    `asked_seq`: the place in the audit's order at which the list was asked for.
    """
    sessions = {session.id.lower(): session for session in listed.sessions if session.proxy}
    # One that is peer-to-peer by now is no proxy connection any more, but not gone either.
    present = {session.id.lower() for session in listed.sessions}
    changes, found, now = Changes(), set(), timezone.now()
    for known in _open_and_listed(account, sessions):
        session = sessions.get(known.key)
        if session is not None:
            found.add(known.key)
            _compare_seen(changes, known, session, complete=listed.complete)
        elif listed.complete and not in_scope(known.list_scope, listed):
            changes.uncovered[known.list_scope] += 1
        elif listed.complete and known.status == ConnectionStatus.ACTIVE and known.key not in present:
            _compare_missing(changes, known, asked_seq, now)
    changes.new = [session for key, session in sessions.items() if key not in found]
    return changes


def compare_listed(account: Account, sessions: dict[str, Session]) -> Changes:
    """What `sessions`, by key, say of the records of `account`, and nothing of any other record."""
    changes, found = Changes(), set()
    for keys in chunks(list(sessions), LOOKED_UP_AT_ONCE):
        for known in _read(Connection.objects.filter(account=account, connection_key__in=keys)):
            found.add(known.key)
            _compare_seen(changes, known, sessions[known.key], complete=True)
    changes.new = [session for key, session in sessions.items() if key not in found]
    return changes


def in_scope(list_scope: str, listed: SessionList) -> bool:
    """Whether the list covers where a connection was seen: an organisation that was left hides what it holds."""
    return not list_scope or list_scope in listed.accounts


def chunks(values: list[T], size: int) -> Iterator[list[T]]:
    return (values[first : first + size] for first in range(0, len(values), size))


def _open_and_listed(account: Account, sessions: dict[str, Session]) -> Iterator[Known]:
    """The records that are held for open, and of the others those that the list shows."""
    records = Connection.objects.filter(account=account)
    left = set(sessions)
    for known in _read(records.filter(status__in=OPEN_STATUSES)):
        left.discard(known.key)
        yield known
    for keys in chunks(list(left), LOOKED_UP_AT_ONCE):
        yield from _read(records.filter(connection_key__in=keys))


def _read(records: ConnectionQuerySet) -> Iterator[Known]:
    rows = records.values_list(*COLUMNS).order_by().iterator(chunk_size=READ_AT_ONCE)
    return (Known(*row) for row in rows)


def _compare_seen(changes: Changes, known: Known, session: Session, *, complete: bool) -> None:
    tells_kind = session.service_kind not in (None, known.service_kind)
    is_known_well = known.known_by in (KnownBy.LISTED, KnownBy.OPENED) and known.device_name and not tells_kind
    if not is_known_well or known.list_scope not in session.accounts:
        changes.known_better[known.pk] = session
    if complete and known.listed_seq is None:
        changes.first_complete.append(known.pk)
    if complete and known.status in (ConnectionStatus.STOPPED, ConnectionStatus.UNKNOWN):
        changes.listed_though_cut.append(known.pk)
    if known.status == ConnectionStatus.ENDED:
        changes.alive_after_all.append(known.pk)
    elif known.absent_seq is not None:
        changes.present_again.append(known.pk)


def _compare_missing(changes: Changes, known: Known, asked_seq: int, now: datetime) -> None:
    expired = known.expires_at is not None and known.expires_at <= now
    if expired or (known.absent_seq is not None and known.absent_seq < asked_seq):
        changes.ended.append(known.pk)
    elif known.absent_seq is None and _was_listed_before(known, asked_seq):
        changes.missing.append(known.pk)


def _was_listed_before(known: Known, asked_seq: int) -> bool:
    """Whether a list that was asked for earlier had this id.

    One that remote.it never listed may be of another kind than those it lists, even when we opened it: its absence
    says nothing. That of one which another reader met after this list was asked for says nothing either.
    """
    first = known.seen_seq or known.listed_seq
    return known.known_by == KnownBy.LISTED if first is None else first < asked_seq
