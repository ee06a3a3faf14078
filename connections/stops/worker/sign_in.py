"""Signing an account in: announced and answered in the audit, and a "no" pauses the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from connections.accounts.sign_in import share_token, shared_token, sign_in_answered, sign_in_sent
from connections.audit.append import Entry
from connections.audit.origin import WORKER
from connections.models import Account, Worker
from connections.remoteit import Cause, Login, clocks
from connections.stops import reach
from connections.stops.worker.pace import pause
from connections.stops.worker.retry import limit_pause

if TYPE_CHECKING:
    from connections.stops.worker.channel import Line, SignedIn

LOST = "the worker died before it recorded an answer"


def prepare_sign_in(line: Line, account: Account, worker: Worker) -> list[Entry] | None:
    """Have `line` sign in, or try its credentials, when the transaction is committed that the caller appends to.

    Runs under the account's lock: one sign-in serves all workers. Returns None when another worker's token will do, and
    no lines while another one signs in.
    """
    if line.needs_sign_in and line.use_token(shared_token(account)):
        return None
    if account.signing_in_id not in (None, worker.pk):
        return []
    # Announced by this worker when the database broke off, and so never sent.
    lost = [_lost(account)] if account.signing_in_id else []
    _note_who_signs_in(account, worker)
    transaction.on_commit(line.sign_in)
    return [*lost, sign_in_sent(account, WORKER)]


def recover_lost_sign_ins() -> list[Entry]:
    """Say of sign-ins whose worker died that nobody will read their answers. Returns the audit lines."""
    accounts = Account.objects.filter(signing_in__in=Worker.objects.dead())
    if database.features.has_select_for_update_skip_locked:
        accounts = accounts.select_for_update(skip_locked=True, of=("self",), no_key=True)
    entries = []
    for account in accounts:
        _note_who_signs_in(account, None)
        entries.append(_lost(account))
    return entries


def record_sign_in(line: Line, account: Account, signed_in: SignedIn, worker: Worker) -> list[Entry]:
    """Write the answer to a sign-in or a probe. A "no" pauses the account, longer each time, and says why.

    So does a sign-in without a clear answer, for without a token nothing can be sent; a probe without one does not.
    """
    late = account.signing_in_id != worker.pk
    if not late:
        _note_who_signs_in(account, None)
    if signed_in.made_for == line.made_for:
        line.signing_in = False
        _follow(line, account, signed_in)
    return [sign_in_answered(account, signed_in.login, WORKER, late=late)]


def _follow(line: Line, account: Account, signed_in: SignedIn) -> None:
    login = signed_in.login
    if login.cause is Cause.REACH:
        reach.note_unreached(account, login.reason)
        return
    reach.can_be_reached(account)
    if login.accepted:
        line.failed_sign_ins = 0
        if line.session_token:
            share_token(account, line.session_token)
    elif login.accepted is False or not signed_in.probe:
        line.failed_sign_ins += 1
        seconds = limit_pause(login.retry_after, line.failed_sign_ins, timezone.now())
        pause(account, seconds, _why(login))


def _note_who_signs_in(account: Account, worker: Worker | None) -> None:
    account.signing_in = worker
    account.save(update_fields=("signing_in",))


def _lost(account: Account) -> Entry:
    return sign_in_answered(account, Login(None, Cause.NONE, None, LOST, None), WORKER)


def _why(login: Login) -> str:
    if login.accepted is False and clocks.is_off(login.clock_off_s):
        return f"remote.it refused the credentials, and {clocks.said(login.clock_off_s)}: {login.reason}"
    if login.accepted is False:
        return f"remote.it does not take the credentials: {login.reason}"
    return f"Sign-in to remote.it got no clear answer: {login.reason}"
