"""The lines of a history page: grouped by day, each run folded into the line that asked for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.history.facts import facts_of, parts_of
from connections.admin.history.line import Line
from connections.admin.history.links import to_run
from connections.admin.history.stories import RunStory, stories_of
from connections.live.verdicts.basis import ListRead, lists_read
from connections.models import StopRun
from connections.words.actions import ACTIONS, notes_for, sentence_for
from connections.words.counts import number
from connections.words.outcomes import said
from connections.words.runs import yours_to_see
from connections.words.states import STATE_ICONS
from connections.words.times import clock

if TYPE_CHECKING:
    from datetime import date

    from connections.audit.search import Filters
    from connections.models import AuditEvent
    from connections.models.sight.items import Part


@dataclass(frozen=True)
class Day:
    """`is_cut`: whether another page may have more of its lines, so that nothing is counted here."""

    name: str
    date: str
    lines: list[Line]
    is_cut: bool = False

    @property
    def about(self) -> str:
        """Its date, and what was asked for on it."""
        return self.date if self.is_cut else " · ".join(filter(None, (self.date, self._asked)))

    @property
    def _asked(self) -> str:
        counts = [line.facts["count"] for line in self.lines if line.event.action == "stop.requested"]
        if not counts:
            return ""
        runs = ngettext("%(count)s run", "%(count)s runs", len(counts)) % {"count": number(len(counts))}
        total = sum(counts)
        connections = ngettext("%(count)s connection", "%(count)s connections", total) % {"count": number(total)}
        return _("%(runs)s, %(connections)s") % {"runs": runs, "connections": connections}


def days(
    events: list[AuditEvent], filters: Filters, *, cut: tuple[bool, bool] = (False, False), with_stories: bool = True
) -> list[Day]:
    """`events`, newest first, as lines grouped by the day of the panel's time zone.

    `cut`: whether there are more lines before the first, and after the last. `with_stories`: whether the line that
    asked for a run tells what came of it, too.
    """
    asked = {event.run_id for event in events if event.action == "stop.requested"} if with_stories else set()
    # Read for the viewer: their items are those in sight.
    stories = stories_of(set(StopRun.objects.visible_to(filters.viewer).filter(pk__in=asked)) if asked else set())
    parts = parts_of(events, filters.viewer)
    facts = {event.seq: facts_of(event, parts) for event in events}
    read = lists_read(facts[event.seq].get("list_seq", 0) for event in events if event.action == "stop.verified")
    runs = _runs_of(events, filters)
    lines = [_line(event, facts[event.seq], filters, stories, read, runs, parts.get(event.seq)) for event in events]
    grouped = groupby(lines, key=lambda line: timezone.localdate(line.event.at))
    found = [_day(day, list(group)) for day, group in grouped]
    for at, is_cut in zip((0, -1), cut, strict=True):
        if found and is_cut:
            found[at] = replace(found[at], is_cut=True)
    return found


def _day(day: date, lines: list[Line]) -> Day:
    names = {0: _("Today"), 1: _("Yesterday")}
    age = (timezone.localdate() - day).days
    if age in names:
        return Day(names[age], date_format(day, "l j F Y"), lines)
    return Day(date_format(day, "l"), date_format(day, "j F Y"), lines)


def _line(
    event: AuditEvent,
    facts: dict[str, Any],
    filters: Filters,
    stories: dict[int, RunStory],
    read: dict[int, ListRead],
    runs: dict[int, SafeString | str],
    part: Part | None,
) -> Line:
    outcome = str(facts.get("outcome", ""))
    answered = event.action in ACTIONS and ACTIONS[event.action].is_answer
    return Line(
        event,
        facts,
        filters,
        sentence=sentence_for(event.action, facts),
        icon=_icon(event.action, facts),
        story=stories.get(event.run_id) if event.action == "stop.requested" and event.run_id else None,
        said=said(outcome, facts.get("upstream_status"), facts.get("upstream_reason", "")) if answered else None,
        notes=[
            *notes_for(event.action, facts),
            *_note_of_list(read.get(facts.get("list_seq", 0))),
            *([yours_to_see(part)] if part else []),
        ],
        run=runs[event.run_id] if event.run_id else "",
        part=part,
    )


def _icon(action: str, facts: dict[str, Any]) -> str:
    told = {"stop.answered": facts.get("outcome"), "stop.verified": facts.get("verdict")}.get(action)
    if told:
        return STATE_ICONS.get(str(told), str(told))
    return ACTIONS[action].icon if action in ACTIONS else "info"


def _note_of_list(read: ListRead | None) -> list[str]:
    """What is to be said of the list that a verdict rests on."""
    if read is None:
        return []
    told = {"account": read.account, "time": clock(read.asked_at), "why": read.why}
    if read.complete:
        return [_("by the complete list of %(account)s that was asked for at %(time)s") % told]
    return [_("the list of %(account)s asked for at %(time)s was not complete: %(why)s") % told]


def _runs_of(events: list[AuditEvent], filters: Filters) -> dict[int, SafeString | str]:
    """The words for the run of each event, by its key: a link for who may see it."""
    keys = {event.run_id for event in events if event.run_id}
    visible = set(StopRun.objects.visible_to(filters.viewer).filter(pk__in=keys).values_list("pk", flat=True))
    words = {pk: _("run %d") % pk for pk in keys}
    return {pk: to_run(pk, words[pk]) if pk in visible else words[pk] for pk in keys}
