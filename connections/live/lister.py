"""The worker's second loop: reads each account's list when it is due, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Max
from django.utils import timezone

from connections.accounts import NoCredentials, client_for
from connections.live.read import read_list
from connections.live.verify import verifiable
from connections.models import Account, StopItem
from connections.remoteit import Client

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
LIST_EVERY = timedelta(seconds=30)
FIRST_CHECK = timedelta(seconds=1)
"""After an answer: the first list that shall show what became of it. Then twice as long each time."""
READING = timedelta(minutes=3)
"""How long one reading holds its account at the most; a reader that dies is overtaken after that."""


class Clients:
    """A client for each account, kept while its credentials are the same: a sign-in for each list would be rude."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[datetime | None, Client]] = {}

    def of(self, account: Account) -> Client | None:
        """The account's client; None when it has no credentials."""
        made_for, client = self._kept.get(account.pk, (None, None))
        if client is None or made_for != account.credentials_changed_at:
            try:
                client = client_for(account)
            except NoCredentials:
                self._kept.pop(account.pk, None)
                return None
            self._kept[account.pk] = account.credentials_changed_at, client
        return client


def run(ending: threading.Event) -> None:
    """Read lists until `ending` is set."""
    clients = Clients()
    while not ending.wait(LOOK_EVERY_S):
        try:
            read_due(clients)
        except (DatabaseError, InterfaceError):
            logger.exception("No list is read while the database can't be written; trying again")
            connection.close()


def read_due(clients: Clients) -> int:
    """Read the list of every account that is due; returns how many were read."""
    now = timezone.now()
    read = 0
    for account in Account.objects.filter(held_at=None):
        if not is_due(account):
            continue
        # Whoever moves the date has the reading: no two workers read one list.
        if Account.objects.filter(pk=account.pk, list_due_at=account.list_due_at).update(list_due_at=now + READING):
            read_list(account, clients.of(account))
            Account.objects.filter(pk=account.pk).update(list_due_at=next_reading(account))
            read += 1
    return read


def is_due(account: Account) -> bool:
    """Whether its time has come, or stops were answered since its last list and none is under way any more."""
    if account.list_due_at is None or account.list_due_at <= timezone.now():
        return True
    if account.listed_at is None:
        return False
    items = StopItem.objects.filter(account=account)
    news = items.awaiting_verdict().filter(answered_at__gt=account.listed_at)
    return news.exists() and not items.sending().exists() and not _is_being_read(account)


def _is_being_read(account: Account) -> bool:
    return account.list_due_at is not None and account.list_due_at > timezone.now() + LIST_EVERY


def ask_for_list(account: Account) -> None:
    """Have the list read as soon as a worker looks."""
    Account.objects.filter(pk=account.pk).update(list_due_at=timezone.now())


def next_reading(account: Account) -> datetime:
    """When the list is read next: soon while items wait for a verdict, and later each time, else at the usual pace."""
    now = timezone.now()
    answers = [items.aggregate(last=Max("answered_at"))["last"] for items in verifiable(account)]
    last = max(filter(None, answers), default=None)
    if last is None:
        return now + LIST_EVERY
    age: timedelta = now - last
    return now + min(max(age, FIRST_CHECK), LIST_EVERY)
