"""The tabs and menus by which the list is narrowed, with what each choice would show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.inventory.search import COLUMNS, OPEN_FOR, PAST_END, TABS, ListFilter, condition
from connections.models.connections import ConnectionQuerySet
from connections.models.states import OPEN_STATUSES, ConnectionStatus
from connections.words.counts import CAP, count_capped, in_words

SAMPLE = 20_000
"""Menus count this many rows at most: beyond, their values are those of a sample, without counts."""
LONGEST_MENU = 12

MENUS = {
    "account": (gettext_lazy("Account"), gettext_lazy("Any")),
    "service": (gettext_lazy("Service"), gettext_lazy("Any")),
    "opened_by": (gettext_lazy("Opened by"), gettext_lazy("Anyone")),
    "open_for": (gettext_lazy("Open for"), gettext_lazy("Any time")),
}


@dataclass(frozen=True)
class Choice:
    label: Any
    url: str
    count: str = ""
    selected: bool = False
    past_end: str = ""
    """How many more it would show that are held for active past their own end; "" for none."""


@dataclass(frozen=True)
class Facet:
    name: str
    title: Any
    choices: list[Choice]
    chosen: Any = None
    note: str = ""


def address(params: QueryDict, **changes: str | None) -> str:
    """The list's address with `changes` made (None removes one), from its first page."""
    kept = {name: str(value) for name, value in params.items() if name != "p" and name not in changes}
    return "?" + urlencode(kept | {name: value for name, value in changes.items() if value is not None})


def tabs(chosen: ListFilter, rows: ConnectionQuerySet, params: QueryDict) -> list[Choice]:
    """A tab for each status, with how many rows it would show."""
    matching = chosen.apply(rows, without="status")
    by_status = {status: count_capped(matching.filter(status=status)) for status in ConnectionStatus}
    counts = {name: sum(by_status[ConnectionStatus(status)] for status in TABS[name][1]) for name in TABS}
    past_end = _past_end(matching) if counts["active"] <= CAP else 0
    counts["active"] -= past_end
    more = {"active": in_words(past_end)} if past_end else {}
    return [
        Choice(label, address(params, status=name), in_words(counts[name]), name == chosen.tab, more.get(name, ""))
        for name, (label, _statuses) in TABS.items()
    ]


def _past_end(rows: ConnectionQuerySet) -> int:
    """How many of `rows` are held for active past their own end: they are in that tab, and not counted as active."""
    return count_capped(rows.filter(condition("open_for", PAST_END), status=ConnectionStatus.ACTIVE))


def menus(chosen: ListFilter, rows: ConnectionQuerySet, params: QueryDict) -> list[Facet]:
    """A menu for each filter; a choice's count is under all the other filters that are set."""
    return [_menu(name, chosen, chosen.apply(rows, without=name), params) for name in MENUS]


def _menu(name: str, chosen: ListFilter, rows: ConnectionQuerySet, params: QueryDict) -> Facet:
    title, anything = MENUS[name]
    value = chosen.chosen.get(name)
    values, total, note = _spans(rows) if name == "open_for" else _values(name, value, rows)
    choices = [Choice(anything, address(params, **{name: None}), total, value is None)]
    choices += [Choice(label, address(params, **{name: key}), count, key == value) for key, label, count in values]
    shown = next((choice.label for choice in choices[1:] if choice.selected), None)
    return Facet(name, title, choices, shown, note)


Values = tuple[list[tuple[str, Any, str]], str, str]
"""Key, label and count of each value; the count of all; and what has to be said about them."""


def _values(name: str, value: str | None, rows: ConnectionQuerySet) -> Values:
    sample = rows.order_by().values("pk")[: SAMPLE + 1]
    column = COLUMNS[name]
    counts = dict(
        rows.model.objects.filter(pk__in=sample)
        .values_list(column)
        .annotate(count=Count("pk"))
        .order_by("-count", column)
    )
    total = sum(counts.values())
    exact = total <= SAMPLE
    keys = list(counts)[:LONGEST_MENU]
    if value is not None and value not in keys:
        keys.append(value)
    note = (
        "" if exact and len(counts) <= LONGEST_MENU else _("These are the most frequent; the search finds the others.")
    )
    found = [(key, key or _("not known"), in_words(counts.get(key, 0)) if exact else "") for key in keys]
    return found, in_words(total) if exact else "", note


def _spans(rows: ConnectionQuerySet) -> Values:
    found = [
        (key, span[0], in_words(count_capped(rows.filter(condition("open_for", key)))))
        for key, span in OPEN_FOR.items()
    ]
    past = count_capped(rows.filter(condition("open_for", PAST_END), status__in=OPEN_STATUSES))
    found.append((PAST_END, _("past its own end"), in_words(past)))
    return found, in_words(count_capped(rows)), ""
