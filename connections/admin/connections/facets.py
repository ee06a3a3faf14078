"""The tabs and menus by which the list is narrowed, with what each choice would show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.inventory.grammar.fields import FIELDS, TABS
from connections.inventory.grammar.spans import PAST
from connections.inventory.grammar.tokens import Value
from connections.inventory.match import Match, Term
from connections.inventory.search import FILTERS, OPEN_FOR, ListFilter
from connections.models.connections import ConnectionQuerySet
from connections.models.states import ConnectionStatus
from connections.words.counts import CAP, count_capped, in_words

SAMPLE = 20_000
"""Menus count this many rows at most: beyond, their values are those of a sample, without counts."""
LONGEST_MENU = 12

ANYTHING = {
    "account": gettext_lazy("Any"),
    "service": gettext_lazy("Any"),
    "opener": gettext_lazy("Anyone"),
    "age": gettext_lazy("Any time"),
}
"""The fields that have a menu, and what its first choice is called."""
COLUMNS = {"account": "account__name", "service": "service_name", "opener": "opened_by"}


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


@dataclass(frozen=True)
class Chip:
    """One part of the filter, which can be taken off. `follows`: it begins what stands behind an `or`."""

    title: Any
    words: str
    excluded: bool
    url: str
    follows: bool
    page: str = ""
    """Where more is told of it."""


def address(params: QueryDict, match: Match) -> str:
    """The list's address with this filter, from its first page; order and what else is set stay."""
    return "?" + urlencode(({"q": match.text} if match.text else {}) | kept(params))


def kept(params: QueryDict) -> dict[str, str]:
    """What an address sets beside its filter and page: it stays whatever the list is narrowed to."""
    return {name: str(value) for name, value in params.items() if name not in (*FILTERS, "q", "p")}


def tabs(chosen: ListFilter, rows: ConnectionQuerySet, params: QueryDict) -> list[Choice]:
    """A tab for each status, with how many rows it would show."""
    matching = chosen.apply(rows, without="status")
    by_status = {status: count_capped(matching.filter(status=status)) for status in ConnectionStatus}
    counts = {name: sum(by_status[ConnectionStatus(status)] for status in TABS[name][1]) for name in TABS}
    past_end = _past_end(matching) if counts["active"] <= CAP else 0
    counts["active"] -= past_end
    more = {"active": in_words(past_end)} if past_end else {}

    def url(name: str) -> str:
        return address(params, chosen.match.having("status", Value((name,))))

    return [
        Choice(label, url(name), in_words(counts[name]), name == chosen.tab, more.get(name, ""))
        for name, (label, _statuses) in TABS.items()
    ]


def _past_end(rows: ConnectionQuerySet) -> int:
    """How many of `rows` are held for active past their own end: they are in that tab, and not counted as active."""
    return count_capped(rows.filter(FIELDS["ends"].condition(Value((PAST,))), status=ConnectionStatus.ACTIVE))


def chips(chosen: ListFilter, params: QueryDict) -> list[Chip]:
    """The filter part by part. The status is what the tabs show, unless it is more than one of them."""
    match = chosen.match
    return [
        Chip(
            FIELDS[term.field].title if term.field in FIELDS and term.field != "newer" else "",
            _("Newer connections only") if term.field == "newer" else term.said(),
            term.excluded,
            address(params, match.less(number, place)),
            number > 0 and place == 0,
            _page(term),
        )
        for number, alternative in enumerate(match.alternatives)
        for place, term in enumerate(alternative)
        if term.field != "status" or not chosen.tab
    ]


def _page(term: Term) -> str:
    return reverse("admin:connections_connection_pasted", args=[term.values[0].shown]) if term.field == "list" else ""


def menus(chosen: ListFilter, rows: ConnectionQuerySet, params: QueryDict) -> list[Facet]:
    """A menu for each filter; a choice's count is under all the other filters that are set."""
    return [_menu(name, chosen, rows, params) for name in ANYTHING]


def _menu(name: str, chosen: ListFilter, rows: ConnectionQuerySet, params: QueryDict) -> Facet:
    match = chosen.match
    rest = match.having(name).having("ends") if name == "age" else match.having(name)
    values, total, note = (_spans if name == "age" else _values)(name, match, rest.apply(rows))
    choices = [Choice(ANYTHING[name], address(params, rest), total, rest == match)]
    for field, value, label, count in values:
        is_chosen = value in match.values(field)
        choices.append(Choice(label, address(params, rest.having(field, value)), count, is_chosen))
    shown = ", ".join(str(choice.label) for choice in choices[1:] if choice.selected) or None
    return Facet(name, FIELDS[name].title, choices, shown, note)


Values = tuple[list[tuple[str, Value, Any, str]], str, str]
"""Each value with its field, label and count; the count of all; and what has to be said about them."""


def _values(name: str, match: Match, rows: ConnectionQuerySet) -> Values:
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
    found = {Value((key,)): (key or _("not known"), count) for key, count in [*counts.items()][:LONGEST_MENU]}
    # What is chosen is there, even where no row has it.
    found |= {value: (value.shown, counts.get(value.shown, 0)) for value in match.values(name) if value not in found}
    note = (
        "" if exact and len(counts) <= LONGEST_MENU else _("These are the most frequent; the search finds the others.")
    )
    values = [(name, value, label, in_words(count) if exact else "") for value, (label, count) in found.items()]
    return values, in_words(total) if exact else "", note


def _spans(name: str, match: Match, rows: ConnectionQuerySet) -> Values:
    spans = [(name, Value((span,)), label) for label, span in OPEN_FOR.values()]
    spans.append(("ends", Value((PAST,)), _("past its own end")))
    found = [
        (field, value, label, in_words(count_capped(rows.filter(FIELDS[field].condition(value)))))
        for field, value, label in spans
    ]
    return found, in_words(count_capped(rows)), ""
