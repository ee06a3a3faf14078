"""Signing in to remote.it: one session token for all who speak for an account, and two lines for each sign-in."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from connections.accounts.credentials import NoCredentials, credentials_of
from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import Account, SessionToken
from connections.models.credentials import CannotDecrypt, cipher

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.remoteit import Client, Login

logger = logging.getLogger(__name__)


def sign_in(client: Client, account: Account, origin: Origin, user: User | None = None) -> Login | None:
    """Get `client` the token that it needs: the one that others have, or one by a sign-in of its own.

    Its line is committed before the sign-in leaves. Returns the answer; None when none was needed.
    """
    if not client.needs_login:
        return None
    with transaction.atomic():
        locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        if client.use_token(shared_token(locked)):
            return None
        append([sign_in_sent(account, origin, user)])
    login = client.login()
    with transaction.atomic():
        locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        if login.accepted:
            share_token(locked, client.session_token)
        append([sign_in_answered(account, login, origin, user)])
    return login


def sign_in_sent(account: Account, origin: Origin, user: User | None = None) -> Entry:
    """The line that is committed before a sign-in leaves."""
    return Entry("account.sign_in_sent", origin, actor=user, account=account)


def sign_in_answered(
    account: Account, login: Login, origin: Origin, user: User | None = None, *, late: bool = False
) -> Entry:
    """The line that tells the answer to a sign-in. `late`: somebody has said meanwhile that none would be read."""
    facts = {**answer_of(login), "late": True if late else None}
    return Entry("account.sign_in_answered", origin, actor=user, account=account, facts=facts)


def answer_of(login: Login) -> dict[str, Any]:
    """What came back for a sign-in, as the history's lines tell it."""
    return {
        "outcome": {True: "accepted", False: "refused", None: "unknown"}[login.accepted],
        "upstream_status": login.status,
        "upstream_reason": login.reason,
        "took_ms": login.took_ms,
    }


def why_not_signed_in(login: Login) -> str:
    return f"Sign-in to remote.it failed: {login.reason or 'its token was rejected at once'}"


def shared_token(account: Account) -> str:
    """The token of the last sign-in with the credentials that the account has now; "" without one that can be read."""
    try:
        kept = SessionToken.objects.filter(account=account).values_list("values", flat=True).first()
        values = cast("dict[str, str]", kept or {})
        return values["token"] if values and _whose(account).items() <= values.items() else ""
    except (CannotDecrypt, ImproperlyConfigured, NoCredentials):
        return ""


def share_token(account: Account, token: str) -> None:
    """Keep `token` for others; runs under the account's lock.

    Without CREDENTIALS_KEY nothing can be kept: then every process signs in for itself.
    """
    try:
        cipher()  # now: an error in the middle of a statement would break the caller's transaction
        values = {**_whose(account), "token": token}
        # Unread: there may be no key any more for the one that is replaced.
        SessionToken.objects.filter(account=account).delete()
        SessionToken.objects.create(account=account, values=values)
    except (ImproperlyConfigured, NoCredentials) as error:
        logger.warning("The session token of %s is not shared: %s", account, error)


def _whose(account: Account) -> dict[str, str]:
    # Those of the environment change without a word in the database.
    credentials = credentials_of(account)
    return {"username": credentials.username, "developer_key": credentials.developer_key}
