"""What happened to one connection, told from its audit lines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from connections.admin.history.rows import days
from connections.audit.search import Filters
from connections.models import AuditEvent

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.admin.history.rows import Day
    from connections.models import Connection

LONGEST = 100
"""No timeline tells more events than this; the history has all of them."""


def timeline(connection: Connection, user: User) -> dict[str, Any]:
    """The context of `_timeline.html`: the newest events by day, with the wish for each stop. `user` may see it."""
    found = AuditEvent.objects.of_connections([connection.pk]).order_by("-seq")
    events = list(found.select_related("actor", "connection", "run", "account")[: LONGEST + 1])
    shown = _in_order([*events[:LONGEST], *_first_list(connection)])
    by_day = days(shown, Filters(user, connection=connection), with_stories=False)
    return {
        "days": _first_listed(by_day, connection),
        "has_more_events": len(events) > LONGEST,
    }


def _first_list(connection: Connection) -> list[AuditEvent]:
    """The line of the list that first showed it, which names no connection."""
    return list(AuditEvent.objects.filter(pk=_first_seq(connection) or 0).select_related("account"))


def _first_listed(found: list[Day], connection: Connection) -> list[Day]:
    """`found`, with words that say of that line what it was for this connection."""
    for day in found:
        day.lines[:] = [
            replace(line, sentence=_("first listed"), notes=[_("in a list of %s") % line.event.account])
            if line.event.seq == _first_seq(connection)
            else line
            for line in day.lines
        ]
    return found


def _first_seq(connection: Connection) -> int | None:
    return connection.seen_seq or connection.listed_seq


def _in_order(events: list[AuditEvent]) -> list[AuditEvent]:
    return sorted(events, key=lambda event: event.seq, reverse=True)
