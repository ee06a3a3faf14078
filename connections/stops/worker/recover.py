"""Finding the claims of workers that died, and settling them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection as database
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.models import StopItem, Worker
from connections.stops.attempt import Claim
from connections.stops.worker.record import record_orphan, record_withdrawn

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
    # Asked every few seconds, and hardly ever is there anything to do: one short statement tells.
    claims = dict(StopItem.objects.sending().order_by().values_list("pk", "worker"))
    dead = _dead_workers(me, {*claims.values()})
    # Asked for by their worker once more: meanwhile another may have recovered one, and a third have claimed it.
    if dead & {*claims.values()}:
        for item in _locked(StopItem.objects.sending().filter(worker__in=dead)):
            entries += record_orphan(Claim(item), _("the worker died before it recorded an answer"))
    if lost := [pk for pk, worker in claims.items() if worker == me.pk and pk not in mine]:
        for item in _locked(StopItem.objects.sending().filter(worker=me, pk__in=lost)):
            entries += record_withdrawn(Claim(item), _("the database broke off before it could be sent"))
    if dead:
        done = Worker.objects.filter(pk__in=dead, ended_at=None).exclude(claims__state="sending")
        done.update(ended_at=timezone.now())
    return entries


def _dead_workers(me: Worker, claiming: set[int | None]) -> set[int]:
    """The dead ones that have claims, or whose end is not written down yet."""
    others = Worker.objects.dead().exclude(pk=me.pk)
    return set(others.filter(Q(ended_at=None) | Q(pk__in=claiming)).values_list("pk", flat=True))


def _locked(items: StopItemQuerySet) -> list[StopItem]:
    items = items.select_related("connection", "run__user", "run__taken_by", "account").order_by("pk")
    if database.features.has_select_for_update_skip_locked:
        items = items.select_for_update(skip_locked=True, of=("self",), no_key=True)
    return list(items[:BATCH])
