"""The lines of a history page: grouped by day, each run folded into the line that asked for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.history.stories import RunStory, counted, stories_of
from connections.live.verdicts.basis import ListRead, lists_read
from connections.words.actions import ACTIONS, Doer, notes_for, sentence_for
from connections.words.outcomes import Said, said
from connections.words.states import STATE_ICONS
from connections.words.times import clock

if TYPE_CHECKING:
    from datetime import date

    from connections.models import AuditEvent


@dataclass(frozen=True)
class Line:
    """One event, ready to be shown. `facts` is its body."""

    event: AuditEvent
    facts: dict[str, Any]
    sentence: str
    icon: str
    story: RunStory | None
    said: Said | None
    notes: list[str]

    @property
    def is_of_person(self) -> bool:
        """Whether the person did it themselves; a worker's lines only name on whose behalf."""
        if self.event.actor is None or self.facts.get("origin") == "worker":
            return False
        return not self.is_known or ACTIONS[self.event.action].doer is Doer.PERSON

    @property
    def is_only_claimed(self) -> bool:
        """Whether it is told of a person who may have had no part in it: somebody tried their name."""
        return self.is_known and ACTIONS[self.event.action].doer is Doer.CLAIMED

    @property
    def actor_name(self) -> str:
        """The person's name at that time."""
        return str(self.facts.get("actor", ""))

    @property
    def count(self) -> str:
        count = int(self.facts.get("count", 0))
        return counted(ngettext("%s connection", "%s connections", count), count)

    @property
    def run(self) -> str:
        return str(_("run %d") % self.event.run_id) if self.event.run_id else ""

    @property
    def ticket(self) -> str:
        return _("ticket %s") % str(self.facts.get("ticket", ""))

    @property
    def is_known(self) -> bool:
        """Whether there are words for this action."""
        return self.event.action in ACTIONS

    @property
    def tone(self) -> str:
        """The state whose colour the line's icon has."""
        return str(self.facts.get("verdict") or self.facts.get("outcome") or "done")

    @property
    def took_s(self) -> float | None:
        took_ms = self.facts.get("took_ms")
        return took_ms / 1000 if isinstance(took_ms, int) else None

    @property
    def where(self) -> str:
        parts = (self.facts.get(name) for name in ("origin", "client_ip", "system_user"))
        return " · ".join(str(part) for part in parts if part)

    @property
    def user_agent(self) -> str:
        return str(self.facts.get("user_agent", ""))


@dataclass(frozen=True)
class Day:
    name: str
    date: str
    lines: list[Line]

    @property
    def runs(self) -> int:
        return sum(line.event.action == "stop.requested" for line in self.lines)

    @property
    def connections(self) -> int:
        """How many were asked to be stopped."""
        return sum(line.facts["count"] for line in self.lines if line.event.action == "stop.requested")


def days(events: list[AuditEvent]) -> list[Day]:
    """`events`, newest first, as lines grouped by the day of the panel's time zone."""
    stories = stories_of({event.run for event in events if event.action == "stop.requested" and event.run})
    facts = {event.seq: json.loads(event.body) for event in events}
    read = lists_read(facts[event.seq].get("list_seq", 0) for event in events if event.action == "stop.verified")
    lines = [_line(event, facts[event.seq], stories, read) for event in events]
    grouped = groupby(lines, key=lambda line: timezone.localdate(line.event.at))
    return [_day(day, list(group)) for day, group in grouped]


def _day(day: date, lines: list[Line]) -> Day:
    names = {0: _("Today"), 1: _("Yesterday")}
    age = (timezone.localdate() - day).days
    if age in names:
        return Day(names[age], date_format(day, "l j F Y"), lines)
    return Day(date_format(day, "l"), date_format(day, "j F Y"), lines)


def _line(event: AuditEvent, facts: dict[str, Any], stories: dict[int, RunStory], read: dict[int, ListRead]) -> Line:
    outcome = str(facts.get("outcome", ""))
    answered = event.action in ACTIONS and ACTIONS[event.action].is_answer
    return Line(
        event,
        facts,
        sentence=sentence_for(event.action, facts),
        icon=_icon(event.action, facts),
        story=stories.get(event.run_id) if event.action == "stop.requested" and event.run_id else None,
        said=said(outcome, facts.get("upstream_status"), facts.get("upstream_reason", "")) if answered else None,
        notes=[*notes_for(event.action, facts), *_note_of_list(read.get(facts.get("list_seq", 0)))],
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
