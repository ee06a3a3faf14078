"""A try of an account's credentials: does remote.it take them, does it list? Nothing is stopped for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from connections.accounts.credentials import client_for, client_with
from connections.accounts.sign_in import answer_of
from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.remoteit.answers import TWO_FACTOR_ADVICE

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models import Account
    from connections.remoteit import Client, Credentials, Login, SessionList


@dataclass(frozen=True)
class Found:
    """What a try showed. `listed`: None when no list was asked for, because the sign-in before it failed."""

    login: Login
    listed: SessionList | None

    @property
    def clock_off_s(self) -> int | None:
        """By how many seconds this machine's clock is ahead of remote.it's; None when no answer told."""
        answers = (self.login.clock_off_s, self.listed.clock_off_s if self.listed else None)
        return next((one for one in answers if one is not None), None)

    @property
    def needs_access_key(self) -> bool:
        """Whether the sign-in failed because the login has two factors."""
        return self.login.reason.startswith(TWO_FACTOR_ADVICE)


def check_account(account: Account, user: User, origin: Origin) -> Found:
    """Sign in and list with the account's credentials, and say what came of each. Raises NoCredentials.

    The lines that something is about to be sent are committed before it leaves. Records don't follow this list.
    """
    with client_for(account) as client:
        login = _try_sign_in(client, account, user, origin)
        # Without a token the list would sign in once more: wrong passwords in a row could lock the account.
        listed = None if client.needs_login else _try_list(client, account, user, origin)
    return Found(login, listed)


def try_credentials(credentials: Credentials, account: Account | None, name: str, user: User, origin: Origin) -> Login:
    """Ask whether remote.it takes `credentials` before they are stored for `account`, or a new one of this `name`.

    The line that something is about to be sent is committed before it leaves.
    """
    told = {"part": "sign_in", "before_saving": True, **({} if account else {"account": name})}
    _tell("account.test_sent", told, account, user, origin)
    with client_with(credentials) as client:
        login = client.probe()
    _tell("account.test_answered", {**told, **answer_of(login)}, account, user, origin)
    return login


def _try_sign_in(client: Client, account: Account, user: User, origin: Origin) -> Login:
    _tell("account.test_sent", {"part": "sign_in"}, account, user, origin)
    login = client.probe()
    facts = {"part": "sign_in", **answer_of(login)}
    _tell("account.test_answered", facts, account, user, origin)
    return login


def _try_list(client: Client, account: Account, user: User, origin: Origin) -> SessionList:
    _tell("account.test_sent", {"part": "list"}, account, user, origin)
    listed = client.read_sessions()
    proxied = sum(session.proxy for session in listed.sessions)
    facts = {
        "part": "list",
        "outcome": "complete" if listed.complete else "incomplete",
        "upstream_status": listed.status,
        "why": listed.why_incomplete,
        "sessions": proxied,
        "peer_to_peer": len(listed.sessions) - proxied,
        "took_ms": listed.took_ms,
    }
    _tell("account.test_answered", facts, account, user, origin)
    return listed


def _tell(action: str, facts: dict[str, Any], account: Account | None, user: User, origin: Origin) -> None:
    with transaction.atomic():
        append([Entry(action, origin, actor=user, account=account, facts=facts)])
