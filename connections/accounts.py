"""Accounts and the way to remote.it: which credentials an account has, and a client made from them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import Entry, Origin, append
from connections.models import Account, StoredCredentials
from connections.models.credentials import CannotDecrypt
from connections.remoteit import Client, Credentials, InvalidAccessKey

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NoCredentials(Exception):
    """The account has no credentials that can be used, so nothing can be sent for it. The message is for a person."""


def ensure_default_account() -> Account | None:
    """Make the account named `default` when the environment has credentials for it; return it if there is one."""
    if credentials_in_environment() is None:
        return Account.objects.filter(name=Account.DEFAULT).first()
    return Account.objects.get_or_create(name=Account.DEFAULT)[0]


def credentials_in_environment() -> Credentials | None:
    """The credentials that R3_… and REMOTEIT_… name, or None. An access key wins over a token, that over a password."""
    developer_key = settings.REMOTEIT_DEVELOPER_KEY
    if settings.R3_ACCESS_KEY_ID and settings.R3_SECRET_ACCESS_KEY:
        return Credentials(
            developer_key=developer_key,
            access_key_id=settings.R3_ACCESS_KEY_ID,
            secret_access_key=settings.R3_SECRET_ACCESS_KEY,
        )
    if settings.REMOTEIT_TOKEN:
        return Credentials(developer_key=developer_key, token=settings.REMOTEIT_TOKEN)
    if settings.REMOTEIT_USERNAME and settings.REMOTEIT_PASSWORD:
        return Credentials(
            developer_key=developer_key, username=settings.REMOTEIT_USERNAME, password=settings.REMOTEIT_PASSWORD
        )
    return None


def credentials_of(account: Account) -> Credentials:
    """The account's stored credentials; for `default` without any, those of the environment. Raises NoCredentials."""
    stored = StoredCredentials.objects.filter(account=account)
    try:
        values = stored.values_list("values", flat=True).first()
    except CannotDecrypt as error:
        raise NoCredentials(_("The credentials of “%s” can't be opened: %s") % (account.name, error)) from None
    if values is not None:
        return Credentials(**cast("dict[str, str]", values))
    in_environment = credentials_in_environment() if account.name == Account.DEFAULT else None
    if in_environment is None:
        raise NoCredentials(_("The account “%s” has no remote.it credentials.") % account.name)
    return in_environment


def client_for(account: Account) -> Client:
    """A client that speaks for `account`. Raises NoCredentials."""
    try:
        return client_with(credentials_of(account))
    except InvalidAccessKey as error:
        raise NoCredentials(_("The access key of “%s” can't be used: %s") % (account.name, error)) from None


def client_with(credentials: Credentials) -> Client:
    """A client with these credentials and the panel's settings. Raises InvalidAccessKey."""
    return Client(
        settings.REMOTEIT_API_URL,
        credentials,
        concurrency=settings.STOP_CONCURRENCY,
        connect_timeout=settings.STOP_CONNECT_TIMEOUT,
        read_timeout=settings.STOP_READ_TIMEOUT,
        graphql_url=settings.REMOTEIT_GRAPHQL_URL,
    )


def store_credentials(account: Account, credentials: Credentials, user: User, origin: Origin) -> None:
    """Keep `credentials`, encrypted, for `account`; its workers use them from their next turn on.

    The history says that they were changed and of which kind they are, never their values.
    """
    with transaction.atomic():
        StoredCredentials.objects.update_or_create(account=account, defaults={"values": asdict(credentials)})
        # What paused the account may have been the old ones.
        account.credentials_changed_at, account.paused_until, account.paused_why = timezone.now(), None, ""
        account.save(update_fields=("credentials_changed_at", "paused_until", "paused_why"))
        kind = kind_of(credentials)
        append([Entry("account.credentials_changed", origin, actor=user, account=account, facts={"kind": kind})])


def kind_of(credentials: Credentials) -> str:
    """Which of the ways to sign in `credentials` are, without their values."""
    if credentials.access_key_id:
        return "access key"
    return "token" if credentials.token else "password"


def hold(account: Account, user: User, origin: Origin) -> bool:
    """Send and list nothing for `account` until it is released. Returns whether that was new."""
    return _wish(account, user, origin, "account.paused", held_at__isnull=True, to=timezone.now())


def release(account: Account, user: User, origin: Origin) -> bool:
    """Let a held account go on. Returns whether that was new."""
    return _wish(account, user, origin, "account.resumed", held_at__isnull=False, to=None)


def _wish(account: Account, user: User, origin: Origin, action: str, *, held_at__isnull: bool, to: object) -> bool:
    with transaction.atomic():
        changed = Account.objects.filter(pk=account.pk, held_at__isnull=held_at__isnull).update(held_at=to)
        if changed:
            append([Entry(action, origin, actor=user, account=account)])
    return bool(changed)
