"""How old and how complete the list of each account is: what every page that shows connections rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models import Account
from connections.models.states import OPEN_STATUSES, ConnectionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.models import Connection

STALE = timedelta(minutes=2)
"""A list that is older than this is not of now: some readings should have come since."""
NAMED = 5


class Trouble(models.TextChoices):
    """Why the records of an account can't be taken for what is open now."""

    HELD = "held", _("a person paused it")
    NEVER_READ = "never_read", _("not read yet")
    NEVER_COMPLETE = "never_complete", _("never read whole")
    INCOMPLETE = "incomplete", _("not read whole")
    STALE = "stale", _("not read for a while")


@dataclass(frozen=True)
class Outside:
    """How many connections of an account are held for open where its list does not reach any more.

    `as_of`: when a complete list last reached there; the oldest such time of several, None when none is known.
    """

    account: Account
    count: int
    as_of: datetime | None


@dataclass(frozen=True)
class ListState:
    """What the lists of some accounts are worth: those that are complete and of now, and each of the others, with why.

    `of`: the oldest of the complete ones. `next_at`: when the next list is read, as far as that is planned.
    """

    complete: list[Account]
    troubled: list[tuple[Account, Trouble]]
    of: datetime | None
    next_at: datetime | None
    has_worker: bool
    outside: list[Outside]

    @property
    def total(self) -> int:
        return len(self.complete) + len(self.troubled)

    @property
    def names(self) -> list[str]:
        return [account.name for account in self.complete[:NAMED]]

    @property
    def more_names(self) -> int:
        return max(len(self.complete) - NAMED, 0)

    @property
    def named_troubles(self) -> list[tuple[Account, Trouble]]:
        return self.troubled[:NAMED]

    @property
    def more_troubles(self) -> int:
        return max(len(self.troubled) - NAMED, 0)


@dataclass(frozen=True)
class Seen:
    """When a connection was last known to be there. `before`: at a time that nobody kept, before `at`.

    `listed`: remote.it's own list showed it. `late`: that list is not complete or not of now. `outside`: the account's
    list does not reach any more where it was seen.
    """

    at: datetime
    before: bool = False
    listed: bool = False
    late: bool = False
    outside: bool = False


def list_state(accounts: Iterable[Account], *, has_worker: bool) -> ListState:
    """What the lists of `accounts` are worth now. `has_worker`: whether one is alive to read them."""
    now = timezone.now()
    # Nobody waits for the list of one that was removed.
    found = [(account, trouble_of(account, now)) for account in accounts if account.removed_at is None]
    complete = [account for account, trouble in found if trouble is None]
    times = [account.completely_listed_at for account in complete if account.completely_listed_at]
    due = [account.list_due_at for account, _trouble in found if account.list_due_at and not account.held_at]
    return ListState(
        complete=complete,
        troubled=[(account, trouble) for account, trouble in found if trouble is not None],
        of=min(times, default=None),
        next_at=min(due, default=None),
        has_worker=has_worker,
        outside=[_outside(account) for account, _trouble in found if account.list_left],
    )


def trouble_of(account: Account, now: datetime) -> Trouble | None:
    """Why the records of `account` can't be taken for what is open at `now`; None when they can."""
    if account.held_at is not None:
        return Trouble.HELD
    if account.listed_at is None:
        return Trouble.NEVER_READ
    if account.completely_listed_at is None:
        return Trouble.NEVER_COMPLETE
    if not account.list_is_complete:
        return Trouble.INCOMPLETE
    return Trouble.STALE if account.completely_listed_at < now - STALE else None


def unread_accounts() -> set[int]:
    """The keys of the accounts whose lists are not complete and of now: what they lack may be open all the same."""
    now = timezone.now()
    return {account.pk for account in Account.objects.all() if trouble_of(account, now) is not None}


def left_condition(accounts: Iterable[Account], prefix: str = "") -> models.Q:
    """The connections that were seen where the lists of `accounts` do not reach any more.

    `prefix`: the way from the counted rows to the connection, such as `connection__`.
    """
    found = models.Q(pk__in=[])
    for account in accounts:
        if account.list_left:
            found |= models.Q(**{f"{prefix}account": account, f"{prefix}list_scope__in": list(account.list_left)})
    return found


def seen_of(connection: Connection, now: datetime) -> Seen:
    """When `connection` was last known to be there.

    A list writes nothing to the records that it shows again: one that a complete list held, that is active since
    before the last one, and that the last one did not lack, stood in that one.
    """
    account, listed_at = connection.account, connection.account.completely_listed_at
    if connection.status in OPEN_STATUSES and not account.covers(connection.list_scope):
        return _seen_outside(connection)
    if connection.listed_seq is None or listed_at is None:
        return Seen(connection.known_at)
    if connection.status != ConnectionStatus.ACTIVE or connection.status_at > listed_at:
        return Seen(connection.status_at, before=True)
    if connection.absent_seq is not None:
        return Seen(listed_at, before=True)
    return Seen(listed_at, listed=True, late=trouble_of(account, now) is not None)


def _seen_outside(connection: Connection) -> Seen:
    at = connection.account.covered_until(connection.list_scope) or connection.known_at
    return Seen(at, before=connection.absent_seq is not None, listed=True, late=True, outside=True)


def _outside(account: Account) -> Outside:
    times = [account.covered_until(scope) for scope in account.list_left]
    count = sum(part["open"] for part in account.list_left.values())
    return Outside(account, count, min(filter(None, times), default=None))
