"""The reasons and tickets that somebody gave of late, to be offered again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from connections.models import StopRun

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LATE_RUNS = 30
OFFERED = 3


class RecentWords(NamedTuple):
    """The latest first, each once."""

    reasons: list[str]
    tickets: list[str]


def recent_words(user: User) -> RecentWords:
    """What `user` wrote when they started their last runs."""
    runs = StopRun.objects.started().filter(user=user).order_by("-pk")
    said = list(runs.values_list("reason", "ticket")[:LATE_RUNS])
    reasons = list(dict.fromkeys(reason for reason, _ticket in said if reason))
    tickets = list(dict.fromkeys(ticket for _reason, ticket in said if ticket))
    return RecentWords(reasons[:OFFERED], tickets[:OFFERED])
