"""Signing in to remote.it, told by the history: a line that is committed before it leaves, and one for its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from connections.audit.append import Entry, Origin, append

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models import Account
    from connections.remoteit import Client, Login


def sign_in(client: Client, account: Account, origin: Origin, user: User | None = None) -> Login:
    """Sign `account` in through `client`, which keeps the token. `user`: the person who wants something of it."""
    with transaction.atomic():
        append([sent(account, origin, user)])
    login = client.login()
    with transaction.atomic():
        append([answered(account, login, origin, user)])
    return login


def sent(account: Account, origin: Origin, user: User | None = None) -> Entry:
    """The line that has to be committed before a sign-in leaves."""
    return Entry("account.sign_in_sent", origin, actor=user, account=account)


def answered(account: Account, login: Login, origin: Origin, user: User | None = None) -> Entry:
    return Entry("account.sign_in_answered", origin, actor=user, account=account, facts=answer_of(login))


def answer_of(login: Login) -> dict[str, Any]:
    """What came back for a sign-in, as the history's lines tell it."""
    return {
        "outcome": {True: "accepted", False: "refused", None: "unknown"}[login.accepted],
        "upstream_status": login.status,
        "upstream_reason": login.reason,
        "took_ms": login.took_ms,
    }
