"""How much of an account's concurrency each worker may use: equal shares, and together never more than the account's.

A share is written on the account, under its lock, before anything is sent by it, and counts for as long as its worker
has claims there. Who has to give some up sends no more than the new share from then on, but counts for what is still
under way: another worker gets it when that has come to its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import connection as database

if TYPE_CHECKING:
    from connections.models import Account, Worker
    from connections.stops.worker.senders import SendingThreads

CLAIMS = """
SELECT worker_id, COUNT(*) FROM connections_stopitem WHERE state = 'sending' AND account_id = %s GROUP BY worker_id
"""


class Share(NamedTuple):
    """How many stops of an account this worker may have under way at once, and how many it may claim now."""

    at_once: int
    to_claim: int


def take_share(account: Account, worker: Worker, threads: SendingThreads, *, workers: int) -> Share:
    """This worker's share of `account`, whose lock is held, when so many `workers` are alive.

    Lowers what `threads` may send at once; they may send more, up to the share, only after this is committed.
    """
    with database.cursor() as cursor:
        cursor.execute(CLAIMS, [account.pk])
        claims: dict[int, int] = dict(cursor.fetchall())
    # A worker of an earlier version writes no share: it sends no more than it has claimed.
    others = {pk: account.shares.get(str(pk), count) for pk, count in claims.items() if pk != worker.pk}
    left: int = max(settings.STOP_CONCURRENCY - sum(others.values()), 0)
    at_once = min(-(-settings.STOP_CONCURRENCY // max(workers, 1)), left)
    counts = max(at_once, threads.lower_limit(at_once))
    if account.shares.get(str(worker.pk)) != counts:
        account.shares = {str(pk): share for pk, share in (others | {worker.pk: counts}).items()}
        account.save(update_fields=("shares",))
    # Twice as many again: its senders go on while it writes, and while it waits for others that write.
    return Share(at_once, max(3 * at_once - claims.get(worker.pk, 0), 0))
