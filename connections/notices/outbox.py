"""From lines of the history to deliveries. The history is the outbox: nothing is told of that has no line there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from connections.models import AuditEvent, AuditHead
from connections.models.notices import CourierPlace, Delivery

if TYPE_CHECKING:
    from connections.notices.channels import Channel

LINES = 5000
"""How many lines of the history one transaction goes through at most."""


def fill(channel: Channel) -> bool:
    """Make the deliveries of `channel` for the next lines of the history; returns whether there may be more.

    A channel that is new begins at the history's end: it tells of what happens from then on.
    """
    head = AuditHead.objects.values_list("seq", flat=True).first() or 0
    place, is_new = CourierPlace.objects.get_or_create(channel=channel.name, defaults={"seq": head})
    if is_new or place.seq >= head:
        return False
    with transaction.atomic():
        place = CourierPlace.objects.select_for_update(no_key=True).get(pk=place.pk)
        until = min(place.seq + LINES, head)
        lines = AuditEvent.objects.filter(seq__gt=place.seq, seq__lte=until, action__in=channel.actions)
        made = list(channel.deliveries(list(lines.order_by("seq"))))
        Delivery.objects.bulk_create(made)
        place.seq = max(place.seq, until)
        place.save(update_fields=("seq",))
    return until < head
