"""The lines of a history page: grouped by day, each run folded into the line that asked for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.outcomes import Said, outcome_labels, said, said_of
from connections.audit.words import WORDS, sentence_for, words_for
from connections.models import StopItem
from connections.stops.progress import Tally, tallies
from connections.templatetags.panel import STATE_ICONS

if TYPE_CHECKING:
    from datetime import date

    from connections.models import AuditEvent, StopRun

FOLD_LENGTH = 20


@dataclass(frozen=True)
class RunStory:
    """What came of a run so far. `items`: those that need a look, or all of a small run without such."""

    run: StopRun
    tally: Tally
    accounts: list[str]
    items: list[tuple[StopItem, Said]]

    @property
    def of_accounts(self) -> str:
        if len(self.accounts) == 1:
            return self.accounts[0]
        return ngettext("%d account", "%d accounts", len(self.accounts)) % len(self.accounts)

    @property
    def labels(self) -> list[tuple[str, str]]:
        return outcome_labels(self.tally)

    @property
    def only_item(self) -> StopItem | None:
        return self.items[0][0] if self.tally.states.total() == len(self.items) == 1 else None


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
        return self.facts.get("origin") != "worker" and self.event.actor is not None

    @property
    def is_known(self) -> bool:
        """Whether there are words for this action."""
        return self.event.action in WORDS

    @property
    def took_s(self) -> float | None:
        took_ms = self.facts.get("took_ms")
        return took_ms / 1000 if isinstance(took_ms, int) else None

    @property
    def where(self) -> str:
        parts = (self.facts.get(name) for name in ("origin", "client_ip", "system_user"))
        return " · ".join(str(part) for part in parts if part)


@dataclass(frozen=True)
class Day:
    name: str
    date: str
    lines: list[Line]


def days(events: list[AuditEvent]) -> list[Day]:
    """`events`, newest first, as lines grouped by the day of the panel's time zone."""
    stories = _stories({event.run for event in events if event.action == "stop.requested" and event.run})
    grouped = groupby(events, key=lambda event: timezone.localdate(event.at))
    return [_day(day, [_line(event, stories) for event in group]) for day, group in grouped]


def _day(day: date, lines: list[Line]) -> Day:
    names = {0: _("Today"), 1: _("Yesterday")}
    age = (timezone.localdate() - day).days
    if age in names:
        return Day(names[age], date_format(day, "l j F Y"), lines)
    return Day(date_format(day, "l"), date_format(day, "j F Y"), lines)


def _line(event: AuditEvent, stories: dict[int, RunStory]) -> Line:
    facts = json.loads(event.body)
    outcome = str(facts.get("outcome", ""))
    answered = event.action in ("stop.answered", "account.sign_in_answered")
    return Line(
        event,
        facts,
        sentence=sentence_for(event.action, facts),
        icon=STATE_ICONS.get(outcome, outcome) if event.action == "stop.answered" else words_for(event.action).icon,
        story=stories.get(event.run_id) if event.action == "stop.requested" and event.run_id else None,
        said=said(outcome, facts.get("upstream_status"), facts.get("upstream_reason", "")) if answered else None,
        notes=_notes(event, facts),
    )


def _notes(event: AuditEvent, facts: dict[str, Any]) -> list[str]:
    notes = []
    if event.action == "stop.withdrawn":
        notes.append(str(facts.get("why", "")))
    if facts.get("possibly_by_attempt"):
        notes.append(_("gone, possibly by our attempt %d") % facts["possibly_by_attempt"])
    if facts.get("late"):
        notes.append(_("it came after this attempt was given up, and changes nothing"))
    elif event.action == "stop.answered" and not facts.get("item_outcome"):
        notes.append(_("another attempt follows"))
    return [note for note in notes if note]


def _stories(runs: set[StopRun]) -> dict[int, RunStory]:
    counted = tallies(runs)
    items = _items_of(runs, counted)
    accounts: dict[int, list[str]] = {run.pk: [] for run in runs}
    pairs = StopItem.objects.filter(run__in=runs).order_by("account__name").values_list("run", "account__name")
    for run_id, name in pairs.distinct():
        accounts[run_id].append(name)
    return {run.pk: RunStory(run, counted[run.pk], accounts[run.pk], items[run.pk]) for run in runs}


def _items_of(runs: set[StopRun], counted: dict[int, Tally]) -> dict[int, list[tuple[StopItem, Said]]]:
    troubled = [run for run in runs if counted[run.pk].not_stopped]
    small = [run for run in runs if run not in troubled and counted[run.pk].states.total() <= FOLD_LENGTH]
    place = Window(RowNumber(), partition_by=F("run"), order_by="pk")
    chosen = [
        StopItem.objects.not_stopped().filter(run__in=troubled).annotate(place=place).filter(place__lte=FOLD_LENGTH),
        StopItem.objects.filter(run__in=small),
    ]
    found: dict[int, list[tuple[StopItem, Said]]] = {run.pk: [] for run in runs}
    for items in chosen:
        for item in items.select_related("connection").order_by("pk"):
            found[item.run_id].append((item, said_of(item)))
    return found
