"""One reading of an account's open connections: announced, asked, compared, written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connections.accounts import NoCredentials, client_for
from connections.audit.append import Entry, Origin, append
from connections.live.reconcile import Reconciled, ids_sha256, reconcile, revive
from connections.live.verify import give_up, verify
from connections.models import Account
from connections.remoteit import Cause, SessionList
from connections.signing_in import sign_in, why_not_signed_in

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.remoteit import Client

WORKER = Origin("worker")


@dataclass(frozen=True)
class Reading:
    """What one reading showed and changed. `why`: why the list is not complete, "" when it is."""

    account: Account
    complete: bool
    why: str
    sessions: int
    changed: Reconciled
    verdicts: int


def read_list(
    account: Account, client: Client | None = None, *, user: User | None = None, origin: Origin = WORKER
) -> Reading:
    """Read the list of `account` and let records and verdicts follow it.

    The line `list.started` is committed before the question leaves: what was answered before it can be
    judged by this list. `client`: one that is signed in already; without it one is made.
    """
    asked_seq = _announce(account, user, origin)
    listed = _ask(account, client, user, origin)
    changed = reconcile(account, listed, asked_seq=asked_seq)
    proxied = sum(session.proxy for session in listed.sessions)
    read_seq = _write_down(account, listed, proxied, changed, asked_seq, user, origin)
    if listed.complete:
        verdicts = verify(account, listed, asked_seq=asked_seq, read_seq=read_seq)
    else:
        verdicts = give_up(account, "not_listed", read_seq)
    revive(account, changed.alive, asked_seq=asked_seq)
    return Reading(account, listed.complete, listed.why_incomplete, proxied, changed, verdicts)


def _announce(account: Account, user: User | None, origin: Origin) -> int:
    with transaction.atomic():
        return append([Entry("list.started", origin, actor=user, account=account)])


def _ask(account: Account, client: Client | None, user: User | None, origin: Origin) -> SessionList:
    if client is not None:
        return _ask_signed_in(account, client, user, origin)
    try:
        client = client_for(account)
    except NoCredentials as error:
        return SessionList(False, str(error), Cause.CREDENTIALS, status=None, took_ms=0)
    with client:
        return _ask_signed_in(account, client, user, origin)


def _ask_signed_in(account: Account, client: Client, user: User | None, origin: Origin) -> SessionList:
    login = sign_in(client, account, origin, user)
    if login is not None and not login.accepted:
        return SessionList(False, why_not_signed_in(login), login.cause, None, login.took_ms or 0, login.retry_after)
    return client.read_sessions()


def _write_down(
    account: Account,
    listed: SessionList,
    proxied: int,
    changed: Reconciled,
    asked_seq: int,
    user: User | None,
    origin: Origin,
) -> int:
    now = timezone.now()
    account.listed_at, account.list_why = now, listed.why_incomplete
    if listed.complete:
        account.completely_listed_at, account.list_size = now, proxied
    facts = {
        "complete": listed.complete,
        "why": listed.why_incomplete,
        "list_seq": asked_seq,
        "sessions": proxied,
        "peer_to_peer": len(listed.sessions) - proxied,
        "ids_sha256": ids_sha256(listed),
        "opened": changed.opened,
        "ended": changed.ended,
        "upstream_status": listed.status,
        "took_ms": listed.took_ms,
    }
    with transaction.atomic():
        account.save(update_fields=("listed_at", "list_why", "completely_listed_at", "list_size"))
        return append([Entry("list.read", origin, actor=user, account=account, facts=facts)])
