"""Encrypting stored credentials anew, after a new key was put in front of CREDENTIALS_KEY."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import transaction

from connections.audit.append import Entry, append
from connections.models import Account, SessionToken, StoredCredentials
from connections.models.credentials import CannotDecrypt, EncryptedJSONField, cipher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

    from connections.audit.origin import Origin


class CannotRotate(Exception):
    """No key opens the credentials of `accounts`, or somebody's other secrets, by name; nothing was changed."""

    def __init__(self, accounts: list[str]) -> None:
        super().__init__(", ".join(accounts))
        self.accounts = accounts


def rotate_credentials(origin: Origin) -> list[str]:
    """Encrypt all stored credentials, and every other secret in the database, with the newest key, or none.

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
        stored = (
            StoredCredentials.objects.filter(account__in=accounts)
            .values_list("account__name", "pk")
            .order_by("account")
        )
        closed = [name for name, pk in stored if not _anew(StoredCredentials, "values", pk)]
        for model, field in _other_secrets():
            closed += _closed(model, field)
        if closed:
            raise CannotRotate(closed)
        # Whoever speaks for an account has its token in memory, or signs in once more.
        SessionToken.objects.all().delete()
        append(Entry("account.credentials_rotated", origin, account=account) for account in accounts)
    return [account.name for account in accounts]


def _other_secrets() -> Iterator[tuple[type[Model], str]]:
    """Each further model and its field that is encrypted with the same key: whoever adds one need not think of this."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedJSONField) and model not in (StoredCredentials, SessionToken):
                yield model, field.name


def _closed(model: type[Model], field: str) -> list[str]:
    """Encrypt `field` of all rows anew; returns whose can't be opened."""
    return [str(row) for row in model._default_manager.defer(field).order_by("pk") if not _anew(model, field, row.pk)]


def _anew(model: type[Model], field: str, pk: Any) -> bool:
    row = model._default_manager.select_for_update(no_key=True).filter(pk=pk)
    try:
        value = row.values_list(field, flat=True).get()
    except CannotDecrypt:
        return False
    row.update(**{field: value})
    return True
