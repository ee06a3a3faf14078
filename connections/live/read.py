"""One reading of an account's open connections: announced, asked, compared, written down."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connections.accounts.credentials import NoCredentials, client_for
from connections.accounts.sign_in import sign_in, why_not_signed_in
from connections.audit.append import Entry, append
from connections.audit.origin import WORKER, Origin
from connections.db.writable import NEVER_TAKEN, in_ascii
from connections.live.reconcile import Reconciled, ids_sha256, reconcile, revive
from connections.live.verdicts.verify import give_up, verify
from connections.models import Account
from connections.models.states import UnverifiedReason
from connections.remoteit import Cause, SessionList

if TYPE_CHECKING:
    from connections.remoteit import Client

logger = logging.getLogger(__name__)

LIST_FIELDS = ("listed_at", "list_why", "completely_listed_at", "list_size", "list_scopes", "list_left", "clock_off_s")


@dataclass(frozen=True)
class Reading:
    """What one reading showed and changed. `listed`: what came; `sessions`: how many proxy connections it holds.

    `sign_in_refused`: remote.it took the credentials for wrong, so that no list was asked for.
    """

    account: Account
    listed: SessionList
    sessions: int
    changed: Reconciled
    verdicts: int
    sign_in_refused: bool

    @property
    def complete(self) -> bool:
        return self.listed.complete

    @property
    def why(self) -> str:
        """Why the list is not complete, "" when it is."""
        return self.listed.why_incomplete


def read_list(account: Account, client: Client | None = None, *, origin: Origin = WORKER) -> Reading:
    """Read the list of `account` and let records and verdicts follow it.

    The line `list.started` is committed before the question leaves: what was answered before it can be judged by
    this list. `client`: one that may be signed in already; without it one is made for this list alone.
    """
    if client is not None:
        return _read(account, client, origin)
    try:
        client = client_for(account)
    except NoCredentials as error:
        nothing = SessionList(False, str(error), Cause.CREDENTIALS, status=None, took_ms=0)
        return follow(account, nothing, _announce(account, origin), origin)
    with client:
        return _read(account, client, origin)


def _read(account: Account, client: Client, origin: Origin) -> Reading:
    login = sign_in(client, account, origin)
    asked_seq = _announce(account, origin)
    if login is None or login.accepted:
        return _follow_what_is_taken(account, client.read_sessions(), asked_seq, origin)
    nothing = SessionList(
        False,
        why_not_signed_in(login),
        login.cause,
        status=None,
        took_ms=0,
        retry_after=login.retry_after,
        clock_off_s=login.clock_off_s,
    )
    return follow(account, nothing, asked_seq, origin, sign_in_refused=login.accepted is False)


def _follow_what_is_taken(account: Account, listed: SessionList, asked_seq: int, origin: Origin) -> Reading:
    """`follow`, unless the list holds what the database can never take: then it is not complete, and says why."""
    try:
        return follow(account, listed, asked_seq, origin)
    except NEVER_TAKEN as error:
        logger.exception("The database can't take the list of %s", account)
        said = in_ascii(str(error).partition("\n")[0])
    why = f"The list holds what the database can't take: {said}"
    nothing = replace(listed, complete=False, why_incomplete=why, sessions=())
    return follow(account, nothing, asked_seq, origin)


def _announce(account: Account, origin: Origin) -> int:
    with transaction.atomic():
        return append([Entry("list.started", origin, account=account)])


def follow(
    account: Account, listed: SessionList, asked_seq: int, origin: Origin, *, sign_in_refused: bool = False
) -> Reading:
    """Let records and verdicts follow `listed`, which was asked for at the place `asked_seq` of the audit."""
    changed = reconcile(account, listed, asked_seq=asked_seq)
    proxied = sum(session.proxy for session in listed.sessions)
    read_seq = _write_down(account, listed, proxied, changed, asked_seq, origin)
    if listed.complete:
        again = changed.listed_though_cut
        verdicts = verify(account, listed, again, asked_seq=asked_seq, read_seq=read_seq)
    else:
        verdicts = give_up(account, UnverifiedReason.NOT_LISTED, read_seq)
    revive(account, changed.alive_after_all, asked_seq=asked_seq)
    return Reading(account, listed, proxied, changed, verdicts, sign_in_refused)


def _write_down(
    account: Account, listed: SessionList, proxied: int, changed: Reconciled, asked_seq: int, origin: Origin
) -> int:
    now = timezone.now()
    account.listed_at, account.list_why = now, listed.why_incomplete
    account.clock_off_s = listed.clock_off_s
    if listed.complete:
        account.list_left = _left(account, changed)
        account.list_scopes = list(listed.accounts)
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
        account.save(update_fields=LIST_FIELDS)
        return append([Entry("list.read", origin, account=account, facts=facts)])


def _left(account: Account, changed: Reconciled) -> dict[str, dict[str, object]]:
    """Where this complete list does not reach and connections are held for open, and when one last did."""
    last = {scope: account.covered_until(scope) for scope in changed.uncovered}
    return {
        scope: {"open": count, "as_of": at.isoformat() if (at := last[scope]) else ""}
        for scope, count in changed.uncovered.items()
    }
