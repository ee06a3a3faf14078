"""An account as its pages tell of it: what it signs in with, how its last list went, whether anything is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.accounts.credentials import CredentialsState, credentials_state
from connections.models import Account, AuditEvent
from connections.models.scope import SEES, condition
from connections.models.states import OPEN_STATUSES
from connections.words.counts import number
from connections.words.times import clock, clock_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.models.rights import Person

ANSWERED = ("account.sign_in_answered", "account.test_answered")


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


MANY = 6
"""So many accounts that are well fold into one line; fewer are shown."""


@dataclass(frozen=True)
class Groups:
    """Those that need a look, those that are well, and those that were removed. `title`: the worst of it."""

    title: str
    needing: list[Row]
    well: list[Row]
    removed: list[Row]

    @property
    def folds(self) -> bool:
        return len(self.well) >= MANY

    @property
    def well_words(self) -> str:
        count, open_now = len(self.well), sum(row.open for row in self.well)
        read = ngettext("Read: %(count)s account", "Read: %(count)s accounts", count) % {"count": number(count)}
        return _("%(read)s, %(open)s open") % {"read": read, "open": number(open_now)}


def grouped(found: list[Row]) -> Groups:
    """`found` by whether all is well with them; the title leads with what isn't."""
    kept = [row for row in found if row.account.removed_at is None]
    well = [row for row in kept if row.use.state == "active"]
    needing = [row for row in kept if row.use.state != "active"]
    total = number(len(kept))
    if needing:
        text = ngettext(
            "%(count)s of %(total)s accounts is not read", "%(count)s of %(total)s accounts are not read", len(needing)
        )
        title = text % {"count": number(len(needing)), "total": total}
    else:
        title = ngettext("The account is read", "All %(total)s accounts are read", len(kept)) % {"total": total}
    gone = [row for row in found if row.account.removed_at is not None]
    return Groups(title if kept else _("Accounts"), needing, well, gone)


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
    if account.removed_at:
        return Told("cancelled", _("removed"), _("on %s; its credentials are destroyed") % clock(account.removed_at))
    if account.held_at:
        return Told("paused", _("paused"), held_words(account))
    if credentials.kind is None:
        return Told("refused", _("can't be used"), credentials.why_not)
    if account.is_paused(timezone.now()) and account.paused_until:
        return Told("paused", _("paused until %s") % clock(account.paused_until), account.paused_why)
    if (refused := _refusal(account)) is not None:
        return Told(
            "refused", _("refused since %s") % clock(refused.at), json.loads(refused.body).get("upstream_reason", "")
        )
    if account.listed_at is None:
        return Told("unverified", _("not read yet"))
    if not account.list_is_complete:
        return Told("incomplete", _("not read whole"))
    return Told("active", _("in use"))


def _refusal(account: Account) -> AuditEvent | None:
    """The line by which remote.it refused the account's credentials, if that is the last it said of them."""
    lines = AuditEvent.objects.without_folded(of_all=True).filter(action__in=ANSWERED, account=account)
    if account.credentials_changed_at:
        lines = lines.filter(at__gt=account.credentials_changed_at)
    last = lines.exclude(body__contains='"part":"list"').order_by("-seq").first()
    read_since = last and account.completely_listed_at and account.completely_listed_at > last.at
    return last if last and not read_since and json.loads(last.body).get("outcome") == "refused" else None


def held_words(account: Account) -> str:
    """Who holds the account and since when; "" when nobody does."""
    if account.held_at is None:
        return ""
    paused = AuditEvent.objects.filter(account=account, action="account.paused").select_related("actor")
    event = paused.order_by("-seq").first()
    who = event.actor.get_username() if event and event.actor else _("a person")
    return _("by %(who)s, %(time)s") % {"who": who, "time": clock(account.held_at)}
