from __future__ import annotations

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.translation import gettext_lazy as _

from connections.models.accounts import Account


class CannotDecrypt(Exception):
    """No key in CREDENTIALS_KEY opens these credentials."""


class EncryptedJSONField(models.BinaryField):
    """A JSON value, encrypted in the database with the first key of CREDENTIALS_KEY and read with any of them.

    Not editable, so that no form shows it. It can't be filtered on.
    """

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None:
            value = cipher().encrypt(json.dumps(value).encode())
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else _opened(bytes(value))

    def value_to_string(self, obj: models.Model) -> str:
        """The value as `dumpdata` writes it: encrypted, as in the database."""
        return cipher().encrypt(json.dumps(self.value_from_object(obj)).encode()).decode()

    def to_python(self, value: Any) -> Any:
        return _opened(value.encode()) if isinstance(value, str) else value


class StoredCredentials(models.Model):
    """What an account signs in with. A table of its own, so that no page or query reads it by the way."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="stored_credentials")
    values = EncryptedJSONField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("stored credentials")
        verbose_name_plural = _("stored credentials")

    def __str__(self) -> str:
        return str(self.account)

    def __repr__(self) -> str:
        return f"<StoredCredentials of {self.account_id}>"


class SessionToken(models.Model):
    """What remote.it gave for the account's last sign-in, so that one is enough for all workers."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="session_token")
    values = EncryptedJSONField()
    """`token`, and whose it is: the `username` and the `developer_key` that it was given for."""
    signed_in_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("session token")
        verbose_name_plural = _("session tokens")

    def __str__(self) -> str:
        return str(self.account)

    def __repr__(self) -> str:
        return f"<SessionToken of {self.account_id}>"


def _opened(encrypted: bytes) -> Any:
    try:
        return json.loads(cipher().decrypt(encrypted))
    except InvalidToken:
        raise CannotDecrypt(_("No key in CREDENTIALS_KEY opens the stored credentials.")) from None


def cipher() -> MultiFernet:
    """What encrypts and decrypts. Raises ImproperlyConfigured when CREDENTIALS_KEY is missing or is no Fernet key."""
    keys = [key.strip() for key in settings.CREDENTIALS_KEY.split(",") if key.strip()]
    if not keys:
        raise ImproperlyConfigured(_("CREDENTIALS_KEY is not set: credentials can't be stored without it."))
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ImproperlyConfigured(_("CREDENTIALS_KEY has to hold Fernet keys, newest first, by commas.")) from None
