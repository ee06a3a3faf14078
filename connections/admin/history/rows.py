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
from connections.models.states import SkipReason
from connections.words import actions_accounts, actions_people, actions_verdicts
from connections.words.actions import WORDS, sentence_for, words_for
from connections.words.outcomes import Said, said
from connections.words.states import STATE_ICONS
from connections.words.times import clock

if TYPE_CHECKING:
    from datetime import date

    from connections.models import AuditEvent

ANSWERS = ("stop.answered", "account.sign_in_answered", "account.test_answered", "connection.open_answered")
OF_THE_PANEL = ("account.sign_in_sent", *ANSWERS)
"""What nobody does themselves, though it is on somebody's behalf."""


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
        if self.facts.get("origin") == "worker" or self.is_only_claimed or self.event.action in OF_THE_PANEL:
            return False
        return self.event.actor is not None

    @property
    def is_only_claimed(self) -> bool:
        """Whether it is told of a person who may have had no part in it: somebody tried their name."""
        return self.event.action == "user.sign_in_failed"

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
        return self.event.action in WORDS

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
    answered = event.action in ANSWERS
    return Line(
        event,
        facts,
        sentence=sentence_for(event.action, facts),
        icon=_icon(event.action, facts),
        story=stories.get(event.run_id) if event.action == "stop.requested" and event.run_id else None,
        said=said(outcome, facts.get("upstream_status"), facts.get("upstream_reason", "")) if answered else None,
        notes=[*_notes(event, facts), *_notes_of_verdict(event, facts, read)],
    )


def _icon(action: str, facts: dict[str, Any]) -> str:
    told = {"stop.answered": facts.get("outcome"), "stop.verified": facts.get("verdict")}.get(action)
    return STATE_ICONS.get(told, told) if told else words_for(action).icon


def _notes_of_verdict(event: AuditEvent, facts: dict[str, Any], read: dict[int, ListRead]) -> list[str]:
    notes = actions_verdicts.details(event.action, facts)
    one = read.get(facts.get("list_seq", 0)) if event.action == "stop.verified" else None
    if one is None:
        return notes
    asked = {"account": one.account, "time": clock(one.asked_at), "why": one.why}
    if one.complete:
        return [*notes, _("by the complete list of %(account)s that was asked for at %(time)s") % asked]
    return [*notes, _("the list of %(account)s asked for at %(time)s was not complete: %(why)s") % asked]


def _notes(event: AuditEvent, facts: dict[str, Any]) -> list[str]:
    notes = actions_people.details(facts) if event.action.startswith(("user.", "group.")) else []
    if event.action in actions_accounts.TEXTS:
        notes += actions_accounts.details(facts)
    if event.action == "stop.withdrawn":
        notes.append(str(facts.get("why", "")))
    if event.action == "stop.skipped" and facts.get("why") in SkipReason.values:
        notes.append(str(SkipReason(facts["why"]).label))
    if facts.get("possibly_by_attempt"):
        notes.append(_("gone, possibly by our attempt %d") % facts["possibly_by_attempt"])
    if facts.get("late"):
        notes.append(_("it came after this attempt was given up, and changes nothing"))
    elif event.action == "stop.answered" and not facts.get("item_outcome"):
        notes.append(_("another attempt follows"))
    return [note for note in notes if note]
