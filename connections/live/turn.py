"""Whose turn it is to read an account's list: one reader at a time, over all processes."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import DateTimeField, ExpressionWrapper, Q
from django.db.models.functions import Now

from connections.models import Account

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
"""How old the last sign of a reader may be; after that it is taken for dead, and its turn is over."""
SIGN_EVERY_S = 5.0


def in_time(delay: timedelta) -> Combinable:
    """The moment that is so far away, by the database's clock: those of several hosts differ, and are moved."""
    return ExpressionWrapper(Now() + delay, output_field=DateTimeField())


def free() -> Q:
    """Accounts whose list nobody is reading. A sign from the future is none: somebody moved the clock."""
    lost = Q(list_reader_at__lt=in_time(-LEASE)) | Q(list_reader_at__gt=in_time(LEASE))
    return Q(list_reader="") | lost


@contextmanager
def turn(account: Account) -> Iterator[str]:
    """Have the turn to read the list of `account`, until the block is left; yields "" while somebody else has it.

    While the block runs a thread gives a sign of life, so that a reading may take long, and a dead reader holds
    nobody up for long.
    """
    reader = secrets.token_hex(8)
    mine = Account.objects.filter(free(), pk=account.pk)
    if not mine.update(list_reader=reader, list_reader_at=Now()):
        yield ""
        return
    over = threading.Event()
    signs = threading.Thread(target=_give_signs, args=(account.pk, reader, over), daemon=True)
    signs.start()
    try:
        yield reader
    finally:
        over.set()
        signs.join()
        Account.objects.filter(pk=account.pk, list_reader=reader).update(list_reader="")


def _give_signs(pk: int, reader: str, over: threading.Event) -> None:
    while not over.wait(SIGN_EVERY_S):
        try:
            Account.objects.filter(pk=pk, list_reader=reader).update(list_reader_at=Now())
        except (DatabaseError, InterfaceError):
            logger.exception("A reader of a list can give no sign of life; trying again")
        finally:
            connection.close()
