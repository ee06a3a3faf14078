"""What stands around a run: who paused, resumed or cancelled it, the runs before and after it, and those in its way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.models import AuditEvent, Connection, StopRun
from connections.models.states import FINISHED, Verdict
from connections.stops.progress.conflicts import items_of_other_runs
from connections.stops.progress.left import Standing, handlers, standing_as
from connections.templatetags.panel import at, name
from connections.templatetags.runs import run_link
from connections.words.counts import number
from connections.words.outcomes import note_of
from connections.words.times import NOT_KNOWN

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
NAMED_BACK = 5


def around(run: StopRun, items: Iterable[StopItem], user: User, *, is_final: bool) -> dict[str, Any]:
    """What the page of `run` says around it: `lineage`, a fact each, and the `others` that kept `items` from it.

    `is_final`: it has all its outcomes. `others` are by their connection; `visible_runs`: those `user` may look at.
    """
    reruns = list(run.reruns.started().order_by("-pk")[:LAST_RERUNS])
    taken = [one for one in handlers(run)[:LAST_RERUNS] if one not in reruns] if is_final else []
    others = items_of_other_runs(run, items)
    named = [run.parent_id, *(one.pk for one in (*reruns, *taken)), *(item.run_id for item in others.values())]
    keys = {key for key in named if key is not None}
    visible = StopRun.objects.visible_to(user).filter(pk__in=keys) if keys else StopRun.objects.none()
    may_see = set(visible.values_list("pk", flat=True))
    lineage = [
        *_lineage(run, reruns[::-1], may_see),
        *_taken_up(taken, may_see),
        *(_decisions(run) if is_final else []),
    ]
    return {"lineage": lineage, "others": others, "visible_runs": may_see}


def _lineage(run: StopRun, reruns: list[StopRun], may_see: set[int]) -> list[SafeString]:
    before = [format_html(_("continues {run}"), run=run_link(run.parent, may_see))] if run.parent else []
    after = [format_html(_("run again as {run}"), run=run_link(rerun, may_see)) for rerun in reruns]
    return [*before, *_wishes(run), *after]


def _taken_up(runs: list[StopRun], may_see: set[int]) -> list[SafeString]:
    return [format_html(_("what it left is in {run}"), run=run_link(one, may_see)) for one in runs]


def _decisions(run: StopRun) -> list[SafeString]:
    """The last few decisions to leave something of the run as it is, as the audit tells them, oldest first."""
    left = run.items.troubled().filter(left_seq__isnull=False).order_by("-left_seq").values_list("left_seq")
    counts = dict(left.annotate(count=Count("pk"))[:LAST_WISHES])
    events = AuditEvent.objects.filter(seq__in=list(counts)).select_related("actor").order_by("seq")
    # To who sees a part of the run: how many of what they see.
    return [_decision(event, counts[event.seq] if run.viewer else None) for event in events]


def _decision(event: AuditEvent, seen: int | None) -> SafeString:
    facts = json.loads(event.body)
    count = facts["count"] if seen is None else seen
    text = ngettext(
        "{count} left as it is {at} by {name}: “{reason}”",
        "{count} left as they are {at} by {name}: “{reason}”",
        count,
    )
    person = name(event.actor.get_username()) if event.actor else NOT_KNOWN
    return format_html(text, count=number(count), at=at(event.at), name=person, reason=facts["reason"])


def _wishes(run: StopRun) -> list[SafeString]:
    """The last few wishes about `run`, as the audit tells them, oldest first."""
    events = AuditEvent.objects.filter(run=run, action__in=WISHES).select_related("actor").order_by("-seq")
    return [_wish(event) for event in reversed(events[:LAST_WISHES])]


def _wish(event: AuditEvent) -> SafeString:
    alone, with_person = WISHES[event.action]
    if not event.actor:
        return format_html(str(alone), at=at(event.at))
    return format_html(str(with_person), at=at(event.at), name=name(event.actor.get_username()))


def came_back(run: StopRun, user: User) -> list[StopItem]:
    """The first of those of `run` that came back and are open now."""
    back = standing_as(run.items.filter(verdict=Verdict.CAME_BACK), Standing.BACK)
    visible = back.filter(connection__in=Connection.objects.visible_to(user))
    return list(visible.select_related("connection", "account").order_by("pk")[:NAMED_BACK])


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
