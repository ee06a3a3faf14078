"""The worker's second loop: reads each account's list when it is due, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connection

from connections.accounts.credentials import NoCredentials, client_for
from connections.audit.origin import WORKER
from connections.live.read import read_list
from connections.live.schedule import LIST_EVERY, due_accounts, rest_after
from connections.live.turn import in_time, turn
from connections.models import Account

if TYPE_CHECKING:
    from connections.audit.origin import Origin
    from connections.live.read import Reading
    from connections.remoteit import Client

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
AT_ONCE = 8
"""How many lists one worker reads at once: an account that answers slowly holds up no other."""


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
    readers: list[threading.Thread] = []
    while not ending.wait(LOOK_EVERY_S):
        readers = [reader for reader in readers if reader.is_alive()]
        try:
            readers += read_due(clients, AT_ONCE - len(readers))
        except (DatabaseError, InterfaceError):
            logger.exception("No list is read while the database can't be written; trying again")
            connection.close()


def read_due(clients: Clients, most: int) -> list[threading.Thread]:
    """Read the list of every account that is due, `most` of them at the most, each in a thread of its own."""
    due = due_accounts()[:most]
    threads = [
        threading.Thread(target=_read, args=(account, clients.of(account)), name=f"list-{account.pk}", daemon=True)
        for account in due
    ]
    for thread in threads:
        thread.start()
    return threads


def _read(account: Account, client: Client | None) -> None:
    try:
        read_in_turn(account, client)
    except Exception:  # whatever is in one account's list must hold up neither the others' nor the stops
        logger.exception("The list of %s was not read to its end", account)
    finally:
        connection.close()


def read_in_turn(account: Account, client: Client | None = None, *, origin: Origin = WORKER) -> Reading | None:
    """Read the list of `account`, and plan the next reading; None, and nothing is done, while somebody else reads it.

    Who asks for the list meanwhile is not forgotten: then the next reading follows at once.
    """
    with turn(account) as reader:
        if not reader:
            return None
        held = Account.objects.filter(pk=account.pk, list_reader=reader)
        held.update(list_due_at=in_time(LIST_EVERY))
        account.refresh_from_db()
        planned, begun = account.list_due_at, time.monotonic()
        reading = read_list(account, client, origin=origin)
        rest = rest_after(account, reading, took_s=time.monotonic() - begun)
        held.filter(list_due_at=planned).update(list_due_at=in_time(rest))
        return reading
