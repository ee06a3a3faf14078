"""Encrypting stored credentials anew, after a new key was put in front of CREDENTIALS_KEY."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from connections.audit.append import Entry, append
from connections.models import Account, Endpoint, SessionToken, StoredCredentials
from connections.models.credentials import CannotDecrypt, cipher

if TYPE_CHECKING:
    from connections.audit.origin import Origin


class CannotRotate(Exception):
    """No key opens the credentials of `accounts`, or secrets of webhooks, by name; nothing was changed."""

    def __init__(self, accounts: list[str]) -> None:
        super().__init__(", ".join(accounts))
        self.accounts = accounts


def rotate_credentials(origin: Origin) -> list[str]:
    """Encrypt all stored credentials and the secrets of webhooks with the newest key, or none.

    Returns the names of the credentials' accounts.

    Workers that know the old key and the new one go on meanwhile. Raises CannotRotate, and ImproperlyConfigured when
    CREDENTIALS_KEY is missing or is no Fernet key.
    """
    cipher()
    with transaction.atomic():
        # In the order in which others lock accounts; who changes credentials waits for the commit, then overwrites.
        accounts = list(
            Account.objects.select_for_update(no_key=True).filter(stored_credentials__isnull=False).order_by("pk")
        )
        closed = [account.name for account in accounts if not _rotate(account)]
        closed += [str(row) for row in Endpoint.objects.order_by("pk") if not _anew(row.pk)]
        if closed:
            raise CannotRotate(closed)
        # Whoever speaks for an account has its token in memory, or signs in once more.
        SessionToken.objects.all().delete()
        append(Entry("account.credentials_rotated", origin, account=account) for account in accounts)
    return [account.name for account in accounts]


def _rotate(account: Account) -> bool:
    stored = StoredCredentials.objects.select_for_update(no_key=True).filter(account=account)
    try:
        values = stored.values_list("values", flat=True).get()
    except CannotDecrypt:
        return False
    stored.update(values=values)
    return True


def _anew(pk: int) -> bool:
    """Encrypt the secrets of one webhook."""
    webhook = Endpoint.objects.select_for_update(no_key=True).filter(pk=pk)
    try:
        secrets = webhook.values_list("secrets", flat=True).get()
    except CannotDecrypt:
        return False
    webhook.update(secrets=secrets)
    return True
