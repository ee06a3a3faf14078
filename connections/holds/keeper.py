"""The worker's loop for holds: one worker keeps them all, and the next takes over when it dies.

What is to be done stands in the database; whoever keeps it goes on from there.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.accounts.credentials import NoCredentials
from connections.holds.clock import LIST_EVERY
from connections.holds.ends import end_if_due
from connections.holds.follow import follow, start_first
from connections.holds.measures import apply, undo
from connections.holds.pace import Pace
from connections.holds.rounds import Schemas, attend
from connections.live.lister import Clients
from connections.live.services import ServicesRead
from connections.models import Account, Hold, HoldMember, Measure, Worker
from connections.models.holding.measures import MeasureState, UndoState
from connections.remoteit import Cause
from connections.stops.worker.retry import retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from connections.remoteit import Client

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
END_EVERY_S = 1.0
RESTORE_EVERY_S = 2.0
"""How often an account is read that has something to be put back, or to be closed, just now."""


def is_keeper(worker: Worker) -> bool:
    """Whether `worker` keeps the holds: the one that was started first, of those alive."""
    return Worker.objects.alive().order_by("pk").values_list("pk", flat=True).first() == worker.pk


class Keeper:
    """Attends each account whose services are held, every few seconds, in a thread of its own.

    `sleep`: how it waits for an account's turn, in seconds.
    """

    def __init__(self, worker: Worker, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.worker = worker
        self._sleep = sleep
        self._clients = Clients()
        self._schemas = Schemas()
        self._paces: dict[int, Pace] = {}
        self._due: dict[int, float] = {}
        self._busy: dict[int, threading.Thread] = {}
        self._ended_at = 0.0

    def run(self, ending: threading.Event) -> None:
        """Keep the holds until `ending` is set."""
        while not ending.wait(LOOK_EVERY_S):
            try:
                self.look()
            except (DatabaseError, InterfaceError):
                logger.exception("No hold is kept while the database can't be written; trying again")
                connection.close()

    def look(self) -> None:
        """One look: recover what dead workers had asked, end what is due, attend the accounts whose time has come."""
        if not self._has_work() or not is_keeper(self.worker):
            return
        self._recover()
        now = time.monotonic()
        if now - self._ended_at >= END_EVERY_S:
            self._ended_at = now
            # Whether one is quiet, or capped, changes with a reading alone: `follow` ends it then.
            for hold in Hold.objects.on().filter(deadline_at__lte=timezone.now()).select_related("user"):
                end_if_due(hold, timezone.now())
        self._busy = {pk: thread for pk, thread in self._busy.items() if thread.is_alive()}
        for account in accounts_with_work():
            if account.pk not in self._busy and self._due.get(account.pk, 0.0) <= now:
                thread = threading.Thread(target=self._attend, args=(account,), name=f"hold-{account.pk}", daemon=True)
                self._busy[account.pk] = thread
                thread.start()

    def step(self) -> None:
        """Attend all accounts once, in this thread, whatever their time: for tests and one-off use."""
        self._recover()
        for account in accounts_with_work():
            self._due[account.pk] = time.monotonic() + self._round(account)
        for hold in Hold.objects.on().select_related("user"):
            end_if_due(hold, timezone.now())

    def _has_work(self) -> bool:
        return Hold.objects.on().exists() or Measure.objects.not_restored().exists()

    def _recover(self) -> None:
        asked = Measure.objects.filter(state=MeasureState.SENDING) | Measure.objects.filter(undo=UndoState.SENDING)
        asking = set(asked.exclude(worker=None).values_list("worker", flat=True))
        if not asking:
            return
        dead = set(Worker.objects.dead().filter(pk__in=asking).values_list("pk", flat=True)) - {self.worker.pk}
        dead |= {pk for pk in asking if pk == self.worker.pk and not self._busy}
        if dead:
            apply.recover(dead)
            undo.recover(dead)

    def _attend(self, account: Account) -> None:
        rest = LIST_EVERY.total_seconds()
        begun = time.monotonic()
        try:
            rest = self._round(account)
        except Exception:  # what is wrong with one account must hold up no other
            logger.exception("The holds at %s were not kept to the end of this round", account)
        finally:
            self._due[account.pk] = begun + rest
            connection.close()

    def _round(self, account: Account) -> float:
        """One round for `account`; returns after how many seconds from its start the next one follows."""
        if account.is_paused(timezone.now()):
            _stand_still(account, account.paused_why or "a person paused the account")
            return LIST_EVERY.total_seconds()
        try:
            client = self._client(account)
        except NoCredentials as error:
            _stand_still(account, str(error))
            return LIST_EVERY.total_seconds()
        pace = self._paces.setdefault(account.pk, Pace(account.pk, sleep=self._sleep))
        found = attend(account, client, self.worker, self._schemas, pace)
        if found is not None and found.cause is Cause.LIMIT:
            asked = retry_after_seconds(found.retry_after, timezone.now()) or 0.0
            return max(asked, LIST_EVERY.total_seconds())
        return RESTORE_EVERY_S if _is_in_a_hurry(account) else LIST_EVERY.total_seconds()

    def _client(self, account: Account) -> Client:
        client = self._clients.of(account)
        if client is None:
            raise NoCredentials(_("The account “%s” has no credentials") % account)
        return client


def accounts_with_work() -> list[Account]:
    """The accounts that some hold has to look at, or that have something to be put back."""
    if Hold.objects.on().exclude(match="").exists():
        return list(Account.objects.all())
    held = HoldMember.objects.filter(hold__ended_at=None).values("account")
    waiting = Measure.objects.not_restored().values("member__account")
    return list((Account.objects.filter(pk__in=held) | Account.objects.filter(pk__in=waiting)).distinct())


def _is_in_a_hurry(account: Account) -> bool:
    now = timezone.now()
    return apply.planned(account, now).exists() or undo.due(account, now).exists()


def _stand_still(account: Account, why: str) -> None:
    """Nothing can be read of the account: the records alone go on, and the clocks stand and say why."""
    nothing = ServicesRead(timezone.now(), 0, why_not={"": why})
    for hold in Hold.objects.on().filter(members__account=account).distinct().select_related("user"):
        start_first(hold, timezone.now())
        follow(hold, account, nothing)


def run(worker: Worker, ending: threading.Event) -> None:
    """Keep the holds until `ending` is set."""
    Keeper(worker).run(ending)
