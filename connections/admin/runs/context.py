"""What stands around a run: who paused, resumed or cancelled it, the runs before and after it, and those in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.models import AuditEvent, Connection, StopRun
from connections.models.states import FINISHED
from connections.stops.progress.conflicts import items_of_other_runs
from connections.templatetags.panel import at, name
from connections.templatetags.runs import run_link
from connections.words.outcomes import note_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User
    from django.utils.safestring import SafeString

    from connections.models import StopItem

WISHES = {
    "run.paused": (gettext_lazy("paused {at}"), gettext_lazy("paused {at} by {name}")),
    "run.resumed": (gettext_lazy("resumed {at}"), gettext_lazy("resumed {at} by {name}")),
    "run.cancelled": (gettext_lazy("cancelled {at}"), gettext_lazy("cancelled {at} by {name}")),
}
"""What a person wanted of a run, without and with the person."""
LAST_WISHES = 4
LAST_RERUNS = 10


def around(run: StopRun, items: Iterable[StopItem], user: User) -> dict[str, Any]:
    """What the page of `run` says around it: `lineage`, a fact each, and the `others` that kept `items` from it.

    `others` are by their connection; `visible_runs` are those that `user` may look at.
    """
    reruns = list(run.reruns.started().order_by("-pk")[:LAST_RERUNS])
    others = items_of_other_runs(run, items)
    named = [run.parent_id, *(one.pk for one in reruns), *(item.run_id for item in others.values())]
    keys = {key for key in named if key is not None}
    visible = StopRun.objects.visible_to(user).filter(pk__in=keys) if keys else StopRun.objects.none()
    may_see = set(visible.values_list("pk", flat=True))
    return {"lineage": _lineage(run, reruns[::-1], may_see), "others": others, "visible_runs": may_see}


def _lineage(run: StopRun, reruns: list[StopRun], may_see: set[int]) -> list[SafeString]:
    before = [format_html(_("continues {run}"), run=run_link(run.parent, may_see))] if run.parent else []
    after = [format_html(_("run again as {run}"), run=run_link(rerun, may_see)) for rerun in reruns]
    return [*before, *_wishes(run), *after]


def _wishes(run: StopRun) -> list[SafeString]:
    """The last few wishes about `run`, as the audit tells them, oldest first."""
    events = AuditEvent.objects.filter(run=run, action__in=WISHES).select_related("actor").order_by("-seq")
    return [_wish(event) for event in reversed(events[:LAST_WISHES])]


def _wish(event: AuditEvent) -> SafeString:
    alone, with_person = WISHES[event.action]
    if not event.actor:
        return format_html(str(alone), at=at(event.at))
    return format_html(str(with_person), at=at(event.at), name=name(event.actor.get_username()))


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
