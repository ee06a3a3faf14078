"""What each person's runs came to, above everybody's history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.http import urlencode

from connections.models.rights import may
from connections.stops.progress.summary import Summary, summarize_people

if TYPE_CHECKING:
    from connections.audit.search import Filters

MOST_PEOPLE = 20
USUAL_DAYS = 30


@dataclass(frozen=True)
class People:
    """`rows`: who asked for most, each with the query of their history in the same period and their summary.

    `more`: how many others there are. `days`: how many days it is about, 0 where a period was asked for.
    """

    rows: list[tuple[User, str, Summary]]
    more: int
    days: int


def people_of(filters: Filters) -> People | None:
    """The table of everybody's page, for who may see all; None on other pages and where nobody asked for anything."""
    sees_all = may(filters.viewer, "view_all_history")
    if not filters.is_everybody_s or filters.before is not None or not sees_all:
        return None
    days = 0
    if filters.since is None and filters.until is None:
        # Over all time it would take longer with every year.
        days = USUAL_DAYS
        filters = replace(filters, since=timezone.localdate() - timedelta(days=days - 1))
    found, more = summarize_people(filters.since_at, filters.until_at, MOST_PEOPLE, viewer=filters.viewer)
    users = User.objects.in_bulk([*found])
    rows = [(users[pk], _query(pk, filters), summary) for pk, summary in found.items()]
    return People(rows, more, days) if rows else None


def _query(user_id: int, filters: Filters) -> str:
    asked = {"actor": user_id, "from": filters.since, "to": filters.until}
    return urlencode({name: str(value) for name, value in asked.items() if value is not None})
