"""The courier: makes deliveries of what the history says, and sends them, each target's in its order."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import F
from django.utils import timezone

from connections.models.notices import Delivery, DeliveryState
from connections.notices import alarms, people  # noqa: F401 - people registers itself
from connections.notices.channels import Sent, channels
from connections.notices.endings import tell_endings
from connections.notices.outbox import fill
from connections.notices.outward import channel as webhooks  # noqa: F401 - registers itself

if TYPE_CHECKING:
    from connections.notices.channels import Channel

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
WATCH_EVERY_S = 5.0
AT_ONCE = 8
"""To how many targets at once: one that answers slowly keeps no other waiting."""
LEASE = timedelta(minutes=2)
"""After how long a delivery is tried again whose courier died while it sent: longer than any channel's deadline."""
WAITS_S = (5, 30, 2 * 60, 10 * 60, 30 * 60, 60 * 60)
"""Seconds between one try and the next; the last again and again."""


def run(ending: threading.Event) -> None:
    """The worker's loop: find out what there is to tell, and carry it, until `ending` is set."""
    watched_at: float | None = None
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="courier") as pool:
        while not ending.wait(LOOK_EVERY_S):
            try:
                tell_endings()
                if watched_at is None:
                    alarms.tell_of_gap()
                if watched_at is None or time.monotonic() - watched_at > WATCH_EVERY_S:
                    alarms.watch()
                    watched_at = time.monotonic()
                carry(pool)
            except (DatabaseError, InterfaceError):
                logger.exception("Nothing is told while the database can't be written; trying again")
                connection.close()


def carry(pool: ThreadPoolExecutor) -> int:
    """Make what deliveries there are to be made, and try what is due once; returns how many were tried."""
    known = channels()
    for channel in known.values():
        while fill(channel):
            pass
    due = Delivery.objects.next_of_each().filter(channel__in=known, due_at__lte=timezone.now())
    taken = [delivery for delivery in due[:AT_ONCE] if _take(delivery)]
    for delivery, sent in zip(taken, pool.map(_send, taken), strict=True):
        record(known[delivery.channel], delivery, sent)
    return len(taken)


def record(channel: Channel, delivery: Delivery, sent: Sent) -> None:
    """Write down what a try came to, unless somebody else has tried meanwhile."""
    now = timezone.now()
    wait = timedelta(seconds=WAITS_S[min(delivery.tries, len(WAITS_S)) - 1])
    if sent.retry_in is not None:
        wait = max(wait, timedelta(seconds=sent.retry_in))
    change: dict[str, object] = {"status": sent.status, "said": sent.said, "due_at": now + wait}
    if sent.ok:
        change |= {"state": DeliveryState.DELIVERED, "ended_at": now}
    elif not sent.again or now + wait > delivery.created_at + channel.give_up_after:
        change |= {"state": DeliveryState.GIVEN_UP, "ended_at": now}
    Delivery.objects.waiting().filter(pk=delivery.pk, tries=delivery.tries).update(**change)


def _take(delivery: Delivery) -> bool:
    """Take the delivery for this courier: nobody else tries it until the lease is over."""
    now = timezone.now()
    mine = Delivery.objects.waiting().filter(pk=delivery.pk, tries=delivery.tries, due_at__lte=now)
    if not mine.update(tries=F("tries") + 1, due_at=now + LEASE, tried_at=now):
        return False
    delivery.tries += 1
    return True


def _send(delivery: Delivery) -> Sent:
    try:
        return channels()[delivery.channel].send(delivery)
    except Exception as error:  # a channel that breaks off must not keep the others from being told
        logger.exception("A delivery broke off on our side")
        return Sent(False, f"it broke off on our side: {type(error).__name__}")
    finally:
        connection.close()
