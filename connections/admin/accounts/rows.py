"""An account as its pages tell of it: what it signs in with, how its last list went, whether anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.accounts.credentials import CredentialsState, credentials_state
from connections.models import Account, AuditEvent
from connections.models.scope import SEES, condition
from connections.models.states import OPEN_STATUSES
from connections.words.times import clock, clock_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.models.rights import Person


@dataclass(frozen=True)
class Told:
    """A state with its words: `state` chooses icon and colour, `note` stands below."""

    state: str
    words: str
    note: str = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.words, self.note)))


@dataclass(frozen=True)
class Row:
    """One account. `open`: how many of its connections are open, as far as the panel knows.

    `clock`: that the machine which read its last list has a clock that is off; "" while it has none.
    """

    account: Account
    credentials: CredentialsState
    listed: Told
    use: Told
    open: int
    clock: str


def rows(accounts: Iterable[Account], person: Person) -> list[Row]:
    """A row for each of `accounts`, which counts of its connections those that `person` may see, or all."""
    bounds = condition(person, SEES, "connection__") or Q()
    is_open = Count("connection", filter=Q(connection__status__in=OPEN_STATUSES) & bounds)
    chosen = Account.objects.filter(pk__in=[one.pk for one in accounts])
    return [_row(account, account.open_now) for account in chosen.annotate(open_now=is_open)]


def _row(account: Account, open_now: int) -> Row:
    credentials = credentials_state(account)
    return Row(
        account, credentials, _listed(account), _use(account, credentials), open_now, clock_words(account.clock_off_s)
    )


def _listed(account: Account) -> Told:
    if account.listed_at is None:
        return Told("unverified", _("not listed yet"))
    if account.list_is_complete:
        return Told("complete", _("%s, complete") % clock(account.listed_at))
    if account.completely_listed_at is None:
        return Told("incomplete", _("%s, never complete yet") % clock(account.listed_at), account.list_why)
    words = _("not complete since %s") % clock(account.completely_listed_at)
    return Told("incomplete", words, account.list_why)


def _use(account: Account, credentials: CredentialsState) -> Told:
    if account.held_at:
        return Told("paused", _("paused"), held_words(account))
    if credentials.kind is None:
        return Told("refused", _("can't be used"), credentials.why_not)
    if account.is_paused(timezone.now()) and account.paused_until:
        return Told("paused", _("paused until %s") % clock(account.paused_until), account.paused_why)
    return Told("active", _("in use"))


def held_words(account: Account) -> str:
    """Who holds the account and since when; "" when nobody does."""
    if account.held_at is None:
        return ""
    paused = AuditEvent.objects.filter(account=account, action="account.paused").select_related("actor")
    event = paused.order_by("-seq").first()
    who = event.actor.get_username() if event and event.actor else _("a person")
    return _("by %(who)s, %(time)s") % {"who": who, "time": clock(account.held_at)}
