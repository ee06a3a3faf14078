"""An account is removed: its credentials are destroyed, nothing is sent or listed for it again; its history stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.accounts.credentials import credentials_in_environment
from connections.audit.append import Entry, append
from connections.models import Account, Hold, SessionToken, StopItem, StoredCredentials
from connections.models.accounts import lock_accounts

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin


class StillNeeded(Exception):
    """The account can't be removed now. The message is for a person."""


def why_not(account: Account) -> str:
    """Why `account` can't be removed now; "" when it can."""
    if account.name == Account.DEFAULT and credentials_in_environment() is not None:
        return _("The environment has credentials for it: take them out of there first.")
    waiting = StopItem.objects.unfinished().filter(account=account).count()
    if waiting:
        return _("%d stops of it are not finished: let them end, or cancel their runs.") % waiting
    if Hold.objects.on().filter(members__account=account).exists():
        return _("A hold is on over services of it: let it end first.")
    return ""


def remove(account: Account, user: User, origin: Origin) -> bool:
    """Destroy what `account` signs in with and use it no more. Whether that was new. Raises StillNeeded."""
    with transaction.atomic():
        locked = lock_accounts([account.pk])[account.pk]
        if locked.removed_at is not None:
            return False
        if why := why_not(locked):
            raise StillNeeded(why)
        now = timezone.now()
        destroyed = StoredCredentials.objects.filter(account=locked).delete()[0]
        SessionToken.objects.filter(account=locked).delete()
        locked.removed_at, locked.held_at = now, locked.held_at or now
        locked.credentials_changed_at, locked.list_due_at = now, None
        # No list reaches its connections any more: they read "outside the list", as of the last one.
        locked.list_scopes = []
        locked.save(update_fields=("removed_at", "held_at", "credentials_changed_at", "list_due_at", "list_scopes"))
        facts = {"credentials_destroyed": bool(destroyed)}
        append([Entry("account.removed", origin, actor=user, account=locked, facts=facts)])
    return True
