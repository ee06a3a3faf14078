"""What becomes of drafts that can't be started any more: frozen anew, or removed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from connections.models import Connection, StopItem, StopRun
from connections.stops.plan import draft

if TYPE_CHECKING:
    from django.contrib.auth.models import User

KEPT = timedelta(hours=12)
"""How long one is kept: its page freezes the same connections anew."""


def freeze_anew(run: StopRun, user: User, *, reason: str, ticket: str) -> StopRun:
    """A new draft over what the draft `run` covered, with the reason and the ticket that were typed so far.

    What has ended since, or is in another run now, is in it too: skipped, with why.
    """
    covered = Connection.objects.filter(stop_items__run=run).order_by("stop_items__pk")
    anew = draft(user, covered, run.selector)
    anew.parent, anew.reason, anew.ticket = run.parent, reason, ticket
    anew.save(update_fields=("parent", "reason", "ticket"))
    return anew


def delete_expired_drafts() -> int:
    """Remove drafts that can't be started any more; nothing of them was ever asked of the API. Returns how many.

    Those for which a second person was asked stay: the history tells what was denied.
    """
    old = StopRun.objects.drafts().filter(created_at__lt=timezone.now() - KEPT, approval=None)
    ids = list(old.values_list("pk", flat=True))
    for pk in ids:
        StopItem.objects.filter(run=pk)._raw_delete("default")
        StopRun.objects.drafts().filter(pk=pk).delete()
    return len(ids)
