"""What stands around a run: who paused, resumed or cancelled it, the runs before and after it, and those in its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.models import AuditEvent, Connection, StopRun
from connections.models.states import FINISHED
from connections.stops.progress.conflicts import items_of_other_runs
from connections.words.outcomes import note_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User
    from django.utils.functional import Promise

    from connections.models import StopItem

WISHES = {
    "run.paused": gettext_lazy("paused"),
    "run.resumed": gettext_lazy("resumed"),
    "run.cancelled": gettext_lazy("cancelled"),
}
LAST_WISHES = 4
LAST_RERUNS = 10


@dataclass(frozen=True)
class Wish:
    """What a person wanted of the run, as the audit tells it."""

    words: str | Promise
    at: datetime
    user_name: str


def wishes(run: StopRun) -> list[Wish]:
    """The last few wishes about `run`, oldest first."""
    events = AuditEvent.objects.filter(run=run, action__in=WISHES).select_related("actor").order_by("-seq")
    last = list(events[:LAST_WISHES])
    return [
        Wish(WISHES[event.action], event.at, event.actor.get_username() if event.actor else "")
        for event in reversed(last)
    ]


def around(run: StopRun, items: Iterable[StopItem], user: User) -> dict[str, Any]:
    """The runs that the page of `run` names: `others` by the connection of those of `items` that they kept from it.

    `visible_runs` are those that `user` may look at.
    """
    reruns = list(run.reruns.started().order_by("-pk")[:LAST_RERUNS])
    others = items_of_other_runs(run, items)
    named = [run.parent_id, *(one.pk for one in reruns), *(item.run_id for item in others.values())]
    keys = {key for key in named if key is not None}
    visible = StopRun.objects.visible_to(user).filter(pk__in=keys) if keys else StopRun.objects.none()
    return {
        "reruns": reruns[::-1],
        "others": others,
        "visible_runs": set(visible.values_list("pk", flat=True)),
    }


def came_back_as(items: Iterable[StopItem], user: User) -> dict[int, Connection]:
    """The connections as which `items` came back, as far as `user` may see them, by the item's primary key."""
    back = [item for item in items if item.came_back_as]
    if not back:
        return {}
    keys = {item.came_back_as.lower() for item in back}
    named = Connection.objects.visible_to(user).filter(connection_key__in=keys)
    known = {(one.account_id, one.connection_key): one for one in named}
    found = {item.pk: known.get((item.account_id, item.came_back_as.lower())) for item in back}
    return {pk: connection for pk, connection in found.items() if connection}


def note_beside(item: StopItem, other: StopItem | None) -> str:
    """What has to be said beside the item's state, or "". `other`: the item, in another run, that kept it unsent."""
    if other is not None and other.state in FINISHED:
        return _("another run had it")
    return note_of(item)
