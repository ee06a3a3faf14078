"""Records follow the list: opened, known better, missing, ended; in small transactions."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.db.bulk import insert_rows, update_many
from connections.live.compare import chunks, compare, compare_listed
from connections.live.order import not_answered_since
from connections.models import Account, Connection
from connections.models.accounts import lock_accounts
from connections.models.formats import YEARS
from connections.models.states import ConnectionStatus, KnownBy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.remoteit import Session, SessionList

CHUNK = 1000
LENGTHS = {
    name: Connection._meta.get_field(name).max_length or 0  # type: ignore[union-attr]
    for name in ("device_name", "service_name", "opened_by")
}
LISTED_COLUMNS = (
    "device_address",
    "connection_id",
    "connection_key",
    *LENGTHS,
    "opened_at",
    "service_kind",
    "list_scope",
)


@dataclass
class Reconciled:
    """What a list changed: how many records it opened, and how many ended without us.

    `listed_though_cut`: the keys of those that it shows though a stop has cut them, or may have; `alive_after_all`: of
    those that it shows though they had ended. `uncovered`: how many it says nothing of, since it does not reach where
    they were seen, by scope.
    """

    opened: int
    ended: int
    listed_though_cut: list[int]
    alive_after_all: list[int]
    uncovered: Counter[str]


def reconcile(account: Account, listed: SessionList, *, asked_seq: int) -> Reconciled:
    """Make the records of `account` follow `listed`, in small transactions. What shows nothing new writes nothing.

    `asked_seq`: the place in the audit's order at which the list was asked for.
    """
    changes = compare(account, listed, asked_seq=asked_seq)
    for sessions in chunks(changes.new, CHUNK):
        _open(account, sessions, asked_seq, complete=listed.complete)
    for pks in chunks(list(changes.known_better), CHUNK):
        _know_better(account, {pk: changes.known_better[pk] for pk in pks})
    _update(account, changes.first_complete, listed_seq=asked_seq)
    _update(account, changes.present_again, absent_seq=None)
    _update(account, changes.missing, absent_seq=asked_seq)
    ended = sum(_end(account, pks, asked_seq) for pks in chunks(changes.ended, CHUNK))
    return Reconciled(len(changes.new), ended, changes.listed_though_cut, changes.alive_after_all, changes.uncovered)


def meet(account: Account, sessions: Iterable[Session], *, asked_seq: int) -> int:
    """Make the records of `account` follow the open sessions of single services, whose lists were whole.

    Nothing ends by it: what such a list lacks is for the account's own list to tell. Returns how many it opened.
    """
    listed = {session.id.lower(): session for session in sessions if session.proxy}
    changes = compare_listed(account, listed)
    for new in chunks(changes.new, CHUNK):
        _open(account, new, asked_seq, complete=True)
    for pks in chunks(list(changes.known_better), CHUNK):
        _know_better(account, {pk: changes.known_better[pk] for pk in pks})
    _update(account, changes.first_complete, listed_seq=asked_seq)
    revive(account, changes.alive_after_all, asked_seq=asked_seq)
    return len(changes.new)


def revive(account: Account, pks: list[int], *, asked_seq: int) -> None:
    """Call active again what had ended and is listed by a list that was asked for after the last answer about it."""
    for chunk in chunks(pks, CHUNK):
        with transaction.atomic():
            lock_accounts([account.pk])
            records = Connection.objects.filter(pk__in=chunk).still(ConnectionStatus.ENDED)
            told = list(not_answered_since(records, asked_seq).order_by("pk"))
            Connection.objects.filter(pk__in=[one.pk for one in told]).update(
                status=ConnectionStatus.ACTIVE, status_at=timezone.now(), absent_seq=None
            )
            if told:
                append([_listed_again_line(account, one, asked_seq) for one in told])


def ids_sha256(listed: SessionList) -> str:
    """The SHA-256 of the list's proxy connection ids, sorted, a line each: what the audit keeps of a list."""
    ids = sorted(session.id for session in listed.sessions if session.proxy)
    return hashlib.sha256("".join(f"{one}\n" for one in ids).encode()).hexdigest()


def _open(account: Account, sessions: list[Session], asked_seq: int, *, complete: bool) -> None:
    now = timezone.now()
    same = {
        "account_id": account.pk,
        "known_by": KnownBy.LISTED,
        "known_at": now,
        "seen_seq": asked_seq,
        "listed_seq": asked_seq if complete else None,
        "status": ConnectionStatus.ACTIVE,
        "status_at": now,
        "proxy_address": "",
    }
    rows = [(*same.values(), *_as_listed(session)) for session in sessions]
    names = (*same, *LISTED_COLUMNS)
    try:
        with transaction.atomic():
            lock_accounts([account.pk])
            insert_rows(Connection, names, rows)
    except IntegrityError:
        # Somebody has imported one of them a moment ago: the next list meets it as known.
        known = [Connection(**dict(zip(names, row, strict=True))) for row in rows]
        Connection.objects.bulk_create(known, ignore_conflicts=True)


def _as_listed(session: Session) -> tuple[object, ...]:
    return (
        session.service_address,
        session.id,
        session.id.lower(),
        *_names(session),
        _time(session),
        session.service_kind,
        session.accounts[0],
    )


def _names(session: Session) -> list[str]:
    """Device, service and person, as far as there is room for them."""
    return [getattr(session, name)[: LENGTHS[name]] for name in LENGTHS]


def _know_better(account: Account, sessions: dict[int, Session]) -> None:
    with transaction.atomic():
        lock_accounts([account.pk])
        known = Connection.objects.only("known_by", "list_scope", *LENGTHS, "opened_at", "service_kind").in_bulk(
            sessions
        )
        better = [(_better(connection, sessions[pk]), {"pk": pk}) for pk, connection in known.items()]
        update_many(Connection, better)


def _better(connection: Connection, session: Session) -> dict[str, object]:
    """What the list says of a connection; what it doesn't say stays as it was known."""
    device_name, service_name, opened_by = _names(session)
    kept = connection.list_scope in session.accounts
    return {
        "known_by": KnownBy.OPENED if connection.known_by == KnownBy.OPENED else KnownBy.LISTED,
        "list_scope": connection.list_scope if kept else session.accounts[0],
        "device_name": device_name or connection.device_name,
        "service_name": service_name or connection.service_name,
        "opened_by": opened_by or connection.opened_by,
        "opened_at": _time(session) or connection.opened_at,
        "service_kind": connection.service_kind if session.service_kind is None else session.service_kind,
    }


def _time(session: Session) -> datetime | None:
    """When it was opened; None for what is no time, or one that no calendar of a page could show."""
    try:
        at = parse_datetime(session.opened_at)
    except ValueError:
        return None
    if at is None or at.year not in YEARS:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _update(account: Account, pks: list[int], **values: object) -> None:
    for chunk in chunks(pks, CHUNK):
        with transaction.atomic():
            lock_accounts([account.pk])
            Connection.objects.filter(pk__in=chunk).update(**values)


def _end(account: Account, pks: list[int], asked_seq: int) -> int:
    now = timezone.now()
    records = Connection.objects.filter(pk__in=pks)
    with transaction.atomic():
        lock_accounts([account.pk])
        records.still(ConnectionStatus.ACTIVE).update(
            status=ConnectionStatus.ENDED, status_at=now, absent_seq=asked_seq
        )
        # Those are what was changed just now: nobody else writes the place of this list.
        ended = records.still(ConnectionStatus.ENDED).filter(absent_seq=asked_seq).order_by("pk")
        told = list(ended.only("connection_id", "device_address", "expires_at"))
        if told:
            append([_ended_line(account, one, asked_seq, now) for one in told])
    return len(told)


def _listed_again_line(account: Account, connection: Connection, asked_seq: int) -> Entry:
    facts = {"list_seq": asked_seq}
    return Entry("connection.listed_again", WORKER, account=account, connection=connection, facts=facts)


def _ended_line(account: Account, connection: Connection, asked_seq: int, now: datetime) -> Entry:
    expired = connection.expires_at is not None and connection.expires_at <= now
    facts = {"list_seq": asked_seq, "expired": expired or None}
    return Entry("connection.ended", WORKER, account=account, connection=connection, facts=facts)
