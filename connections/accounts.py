"""Accounts and the way to remote.it: which credentials an account has, and a client made from them."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from connections.models import Account
from connections.remoteit import Client, Credentials


class NoCredentials(Exception):
    """The account has no credentials, so nothing can be sent for it. The message is fit for a person."""


def ensure_default_account() -> Account | None:
    """Make the account named `default` when the environment has credentials for it; return it if there is one."""
    if credentials_in_environment() is None:
        return Account.objects.filter(name=Account.DEFAULT).first()
    return Account.objects.get_or_create(name=Account.DEFAULT)[0]


def credentials_in_environment() -> Credentials | None:
    """The credentials that REMOTEIT_… name, or None. A token wins over a password."""
    if settings.REMOTEIT_TOKEN:
        return Credentials(developer_key=settings.REMOTEIT_DEVELOPER_KEY, token=settings.REMOTEIT_TOKEN)
    if settings.REMOTEIT_USERNAME and settings.REMOTEIT_PASSWORD:
        return Credentials(
            developer_key=settings.REMOTEIT_DEVELOPER_KEY,
            username=settings.REMOTEIT_USERNAME,
            password=settings.REMOTEIT_PASSWORD,
        )
    return None


def client_for(account: Account) -> Client:
    """A client that speaks for `account`. Raises NoCredentials."""
    credentials = credentials_in_environment() if account.name == Account.DEFAULT else None
    if credentials is None:
        raise NoCredentials(_("The account “%s” has no remote.it credentials.") % account.name)
    return Client(
        settings.REMOTEIT_API_URL,
        credentials,
        concurrency=settings.STOP_CONCURRENCY,
        connect_timeout=settings.STOP_CONNECT_TIMEOUT,
        read_timeout=settings.STOP_READ_TIMEOUT,
    )
