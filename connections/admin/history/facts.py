"""What a line says to somebody who looks at it: of a run that they see in part, nothing of the rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connections.models import StopItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

    from connections.models import AuditEvent
    from connections.models.sight.items import Part

TOLD_OF_A_PART = frozenset(
    {
        *("at", "action", "origin", "client_ip", "user_agent", "system_user", "token", "request_id"),
        *("actor", "actor_id", "run_id", "hold_id", "reason", "ticket", "note", "taken_from", "second_person"),
    }
)
"""What the line of a run says to somebody who sees a part of it: not how many of it, nor by which names."""


def parts_of(events: Iterable[AuditEvent], viewer: User) -> dict[int, Part]:
    """How much `viewer` sees of the run that a line is about as a whole, by its number; only where that is a part."""
    of_runs = {event.seq: event.run_id for event in events if event.run_id and not event.connection_id}
    items = StopItem.objects.filter(run__in=set(of_runs.values()))
    parts = items.parts_of(viewer) if of_runs else {}
    return {seq: parts[run] for seq, run in of_runs.items() if run in parts}


def facts_of(event: AuditEvent, parts: dict[int, Part]) -> dict[str, Any]:
    """What `event` says, with the `parts_of` its page. The whole number of a run is told, by who asked for it."""
    facts: dict[str, Any] = json.loads(event.body)
    if event.seq not in parts:
        return facts
    told = {name: value for name, value in facts.items() if name in TOLD_OF_A_PART}
    return {**told, "count": parts[event.seq].all} if event.action == "stop.requested" else told
