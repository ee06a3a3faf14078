"""What happened to one connection, told from its audit lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from connections.admin.history_lines import days
from connections.models import AuditEvent, StopRun

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models import Connection

LONGEST = 100
"""No timeline tells more events than this; the history has all of them."""


def timeline(connection: Connection, user: User) -> dict[str, Any]:
    """The context of `_timeline.html`: the newest events that `user` may see, by day, with the wish for each stop."""
    mine = Q(connection=connection)
    asked = Q(action="stop.requested", run__in=connection.stop_items.values("run"))
    found = AuditEvent.objects.visible_to(user).filter(mine | asked).order_by("-seq")
    events = list(found.select_related("actor", "connection", "run", "account")[: LONGEST + 1])
    runs = StopRun.objects.visible_to(user).filter(pk__in={event.run_id for event in events if event.run_id})
    return {
        "days": days(events[:LONGEST]),
        "has_more_events": len(events) > LONGEST,
        "visible_runs": set(runs.values_list("pk", flat=True)),
    }
