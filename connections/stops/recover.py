"""Finding the claims of workers that died, and settling them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection as database
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.models import StopItem, Worker
from connections.stops.claim import Claim
from connections.stops.record import record_orphan

if TYPE_CHECKING:
    from connections.audit.append import Entry

BATCH = 200


def recover_dead_claims(me: Worker, mine: set[int]) -> list[Entry]:
    """Settle claims that nobody will answer: those of dead workers, and my own that I don't know of.

    `mine`: the items this process has in flight. An own claim beyond them was committed although the database
    broke off before saying so; it was never sent. Returns the audit lines; runs in the caller's transaction.
    """
    entries: list[Entry] = []
    for item in _orphans(me, mine):
        entries += record_orphan(Claim(item), _("the worker died before it recorded an answer"))
    Worker.objects.dead().filter(ended_at=None).exclude(claims__state="sending").update(ended_at=timezone.now())
    return entries


def _orphans(me: Worker, mine: set[int]) -> list[StopItem]:
    items = StopItem.objects.sending().select_related("connection", "run__user", "account")
    if database.features.has_select_for_update_skip_locked:
        items = items.select_for_update(skip_locked=True, of=("self",), no_key=True)
    dead = list(items.filter(worker__in=Worker.objects.dead().exclude(pk=me.pk))[:BATCH])
    lost = list(items.filter(worker=me).exclude(pk__in=mine)[:BATCH])
    return dead + lost
