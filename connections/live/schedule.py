"""When an account's list is read next: at the usual pace, sooner while verdicts wait for it, at once when asked for.

All times are the database's, for hosts' clocks differ and are moved.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Max, Q
from django.db.models.functions import Now
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.live.turn import free, in_time
from connections.live.verdicts.verify import verifiable
from connections.models import Account, StopItem
from connections.remoteit import Cause
from connections.stops.worker.retry import retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

    from connections.live.read import Reading

LIST_EVERY = timedelta(seconds=30)
FIRST_CHECK = timedelta(seconds=1)
"""After an answer: the first list that shall show what became of it. Then twice as long each time."""
RESTS = 10
"""How many times as long as a list took no other one is asked for while stops are under way."""
LONGEST_REST = timedelta(minutes=5)
"""How long no list is asked for at the most: after a refused sign-in, for wrong passwords in a row may lock a login."""


def due_accounts() -> list[Account]:
    """The accounts whose list is to be read now: nobody reads it, and nobody, remote.it neither, asked for a pause."""
    due = Q(list_due_at=None) | Q(list_due_at__lte=Now()) | Q(list_due_at__gt=in_time(LONGEST_REST))
    accounts = Account.objects.filter(free()).exclude(pk__in=Account.objects.paused())
    found = accounts.annotate(is_due=ExpressionWrapper(due, BooleanField()))
    return [account for account in found if account.is_due or _has_news(account)]


def ask_for_lists(accounts: Iterable[Account], user: User, origin: Origin) -> None:
    """Have the lists read as soon as a worker looks, because a person wants it; the history names them.

    A reading that is under way may have been asked for before what they want to see: another one follows it.
    """
    with transaction.atomic():
        make_due(accounts)
        append([Entry("list.asked", origin, actor=user, account=account) for account in accounts])


def make_due(accounts: Iterable[Account]) -> None:
    Account.objects.filter(pk__in=[account.pk for account in accounts]).update(list_due_at=Now())


def rest_after(account: Account, reading: Reading, *, took_s: float) -> timedelta:
    """How long no list of `account` is asked for after `reading`: soon again while items wait for a verdict.

    `took_s`: how many seconds asking and following it took. A long list is read less often while stops are under way,
    so that it does not hold them up.
    """
    if reading.listed.cause == Cause.LIMIT:
        asked = retry_after_seconds(reading.listed.retry_after, timezone.now()) or 0
        return min(max(timedelta(seconds=asked), LIST_EVERY), LONGEST_REST)
    if reading.sign_in_refused:
        return LONGEST_REST
    answers = [items.aggregate(last=Max("answered_at"))["last"] for items in verifiable(account)]
    last = max(filter(None, answers), default=None)
    if last is None:
        return LIST_EVERY
    age: timedelta = timezone.now() - last
    soon = max(age, FIRST_CHECK)
    if StopItem.objects.filter(account=account).sending().exists():
        soon = max(soon, timedelta(seconds=took_s * RESTS))
    return min(soon, LIST_EVERY) if age > -LIST_EVERY else LIST_EVERY


def _has_news(account: Account) -> bool:
    """Whether stops were answered since its last list, and none is under way any more.

    An answer from the future is none: by a clock that was moved, or is ahead, it would be news after each list again.
    """
    if account.listed_at is None:
        return False
    items = StopItem.objects.filter(account=account)
    news = items.awaiting_verdict().filter(answered_at__gt=account.listed_at, answered_at__lte=timezone.now())
    return news.exists() and not items.sending().exists()
