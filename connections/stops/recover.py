"""Finding the claims of workers that died, and settling them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection as database
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.models import StopItem, Worker
from connections.stops.claim import Claim
from connections.stops.record import record_orphan, record_withdrawn

if TYPE_CHECKING:
    from connections.audit.append import Entry
    from connections.models.runs import StopItemQuerySet

BATCH = 200


def recover_dead_claims(me: Worker, mine: set[int]) -> list[Entry]:
    """Settle claims that nobody will answer: those of dead workers, and my own that I don't know of.

    `mine`: the items this process has in flight. An own claim beyond them was committed although the database
    broke off before saying so; it was never sent. Returns the audit lines; runs in the caller's transaction.
    """
    entries: list[Entry] = []
    sending = StopItem.objects.sending()
    for item in _locked(sending.filter(worker__in=Worker.objects.dead().exclude(pk=me.pk))):
        entries += record_orphan(Claim(item), _("the worker died before it recorded an answer"))
    for item in _locked(sending.filter(worker=me).exclude(pk__in=mine)):
        entries += record_withdrawn(Claim(item), _("the database broke off before it could be sent"))
    Worker.objects.dead().filter(ended_at=None).exclude(claims__state="sending").update(ended_at=timezone.now())
    return entries


def _locked(items: StopItemQuerySet) -> list[StopItem]:
    items = items.select_related("connection", "run__user", "account").order_by("pk")
    if database.features.has_select_for_update_skip_locked:
        items = items.select_for_update(skip_locked=True, of=("self",), no_key=True)
    return list(items[:BATCH])
