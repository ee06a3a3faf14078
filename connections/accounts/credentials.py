"""Accounts and the way to remote.it: which credentials an account has, and a client made from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import Account, SessionToken, StoredCredentials
from connections.models.accounts import StopCall, lock_accounts
from connections.models.credentials import CannotDecrypt, cipher
from connections.remoteit import Client, InvalidAccessKey, InvalidCredentialsFile, read_credentials_file
from connections.remoteit import Credentials as Credentials

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.contrib.auth.models import User


class Kind(models.TextChoices):
    """The ways to sign in."""

    ACCESS_KEY = "access key", gettext_lazy("access key")
    TOKEN = "token", gettext_lazy("token")
    PASSWORD = "password", gettext_lazy("user name and password")


@dataclass(frozen=True)
class CredentialsState:
    """Which credentials an account signs in with. `kind`: None when it has none that can be used, then `why_not`."""

    stored: bool
    kind: Kind | None
    why_not: str = ""


class NoCredentials(Exception):
    """The account has no credentials that can be used, so nothing can be sent for it. The message is for a person."""


class InvalidCredentials(ValueError):
    """What was typed can't be used. `field`: where, a field of Credentials, `file`, or "" for none of them."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


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


def has_any_credentials() -> bool:
    """Whether any account has credentials, stored or in the environment; whether they work is another question."""
    return credentials_in_environment() is not None or StoredCredentials.objects.exists()


def credentials_of(account: Account) -> Credentials:
    """The account's stored credentials; for `default` without any, those of the environment. Raises NoCredentials."""
    stored = stored_credentials(account)
    if stored is not None:
        return stored
    in_environment = credentials_in_environment() if account.name == Account.DEFAULT else None
    if in_environment is None:
        raise NoCredentials(_("The account “%s” has no remote.it credentials.") % account.name)
    return in_environment


def stored_credentials(account: Account) -> Credentials | None:
    """The credentials that were stored for `account`, None without any. Raises NoCredentials when no key opens them."""
    stored = StoredCredentials.objects.filter(account=account)
    try:
        values = stored.values_list("values", flat=True).first()
    except (CannotDecrypt, ImproperlyConfigured) as error:
        told = {"name": account.name, "why": error}
        raise NoCredentials(_("The credentials of “%(name)s” can't be opened: %(why)s") % told) from None
    return None if values is None else Credentials(**cast("dict[str, str]", values))


def credentials_state(account: Account) -> CredentialsState:
    """Where the account's credentials come from and of which kind they are, without their values."""
    stored = StoredCredentials.objects.filter(account=account).exists()
    try:
        credentials = credentials_of(account)
        credentials.signer()
    except NoCredentials as error:
        return CredentialsState(stored, None, str(error))
    except InvalidAccessKey as error:
        return CredentialsState(stored, None, f"{error}.")
    return CredentialsState(stored, kind_of(credentials))


def client_for(account: Account) -> Client:
    """A client that speaks for `account`. Raises NoCredentials."""
    try:
        return client_with(credentials_of(account))
    except InvalidAccessKey as error:
        told = {"name": account.name, "why": error}
        raise NoCredentials(_("The access key of “%(name)s” can't be used: %(why)s") % told) from None


def client_with(credentials: Credentials) -> Client:
    """A client with these credentials and the panel's settings. Raises InvalidAccessKey."""
    return Client(
        settings.REMOTEIT_API_URL,
        credentials,
        concurrency=settings.STOP_CONCURRENCY,
        connect_timeout=settings.STOP_CONNECT_TIMEOUT,
        read_timeout=settings.STOP_READ_TIMEOUT,
        graphql_url=settings.REMOTEIT_GRAPHQL_URL,
        proxy=settings.REMOTEIT_PROXY or None,
    )


def credentials_in_file(text: str) -> Credentials:
    """The credentials in the text of a `~/.remoteit/credentials` file. Raises InvalidCredentials."""
    try:
        return read_credentials_file(text)
    except InvalidCredentialsFile as error:
        raise InvalidCredentials("file", str(error)) from None


def check_storable(credentials: Credentials, stop_call: str) -> None:
    """Raise InvalidCredentials when `credentials` can't be used with `stop_call`, or can't be stored."""
    if not credentials.developer_key and not (credentials.has_access_key and stop_call == StopCall.GRAPHQL):
        needed = _("The REST calls need it. Only an access key whose stop call is GraphQL goes without.")
        raise InvalidCredentials("developer_key", needed)
    try:
        credentials.signer()
    except InvalidAccessKey as error:
        field = "access_key_id" if "R3_ACCESS_KEY_ID" in str(error) else "secret_access_key"
        raise InvalidCredentials(field, f"{error}.") from None
    try:
        cipher()
    except ImproperlyConfigured as error:
        raise InvalidCredentials("", _("Nothing was saved. %s") % error) from None


def add_account(account: Account, credentials: Credentials, user: User, origin: Origin) -> Account:
    """Save `account`, filled in and checked by its caller, with its credentials and the lines that tell of both."""
    with transaction.atomic():
        account.save(force_insert=True)
        facts = {"stop_call": account.stop_call}
        append([Entry("account.added", origin, actor=user, account=account, facts=facts)])
        store_credentials(account, credentials, user, origin)
    return account


def change_account(
    account: Account, fields: Collection[str], credentials: Credentials | None, user: User, origin: Origin
) -> None:
    """Save the `fields` of `account`, and its credentials unless they are None: then those it has stay.

    The history names the fields, never what stands in them.
    """
    with transaction.atomic():
        if fields:
            account.save(update_fields=fields)
            append([Entry("account.changed", origin, actor=user, account=account, facts={"fields": sorted(fields)})])
        if credentials is not None:
            store_credentials(account, credentials, user, origin)


def store_credentials(account: Account, credentials: Credentials, user: User, origin: Origin) -> None:
    """Keep `credentials`, encrypted, for `account`; its workers use them from their next turn on.

    The history says that they were changed and of which kind they are, never their values.
    """
    with transaction.atomic():
        _forget_credentials(account)
        StoredCredentials.objects.create(account=account, values=asdict(credentials))
        kind = kind_of(credentials).value
        append([Entry("account.credentials_changed", origin, actor=user, account=account, facts={"kind": kind})])


def remove_credentials(account: Account, user: User, origin: Origin) -> None:
    """Forget what was stored for `account`: `default` then takes those of the environment, another one has none."""
    with transaction.atomic():
        _forget_credentials(account)
        append([Entry("account.credentials_removed", origin, actor=user, account=account)])


def _forget_credentials(account: Account) -> None:
    lock_accounts([account.pk])
    # Unread: there may be no key any more for those that go.
    StoredCredentials.objects.filter(account=account).delete()
    SessionToken.objects.filter(account=account).delete()
    # What paused the account may have been the old ones.
    account.credentials_changed_at, account.paused_until, account.paused_why = timezone.now(), None, ""
    account.list_due_at = None
    account.save(update_fields=("credentials_changed_at", "paused_until", "paused_why", "list_due_at"))


def kind_of(credentials: Credentials) -> Kind:
    """Which of the ways to sign in `credentials` are: the one that the client takes when they are several."""
    if credentials.has_access_key:
        return Kind.ACCESS_KEY
    return Kind.TOKEN if credentials.token else Kind.PASSWORD


def hold(account: Account, user: User, origin: Origin) -> bool:
    """Send and list nothing for `account` until it is released. Returns whether that was new."""
    return _wish(account, user, origin, "account.paused", held_at__isnull=True, to=timezone.now())


def release(account: Account, user: User, origin: Origin) -> bool:
    """Let a held account go on. Returns whether that was new; one that was removed stays held."""
    return not Account.objects.filter(pk=account.pk, removed_at__isnull=False).exists() and _wish(
        account, user, origin, "account.resumed", held_at__isnull=False, to=None
    )


def _wish(account: Account, user: User, origin: Origin, action: str, *, held_at__isnull: bool, to: object) -> bool:
    with transaction.atomic():
        changed = Account.objects.filter(pk=account.pk, held_at__isnull=held_at__isnull).update(held_at=to)
        if changed:
            append([Entry(action, origin, actor=user, account=account)])
    return bool(changed)
