"""The tabs and menus by which the list is narrowed, with what each choice would show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Case, OuterRef, Q, When
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.admin.connections.filters.counted import Counts
from connections.db.counts import rows_together
from connections.inventory.grammar.fields import FIELDS, TABS
from connections.inventory.grammar.spans import PAST, open_for_condition
from connections.inventory.grammar.tokens import Value
from connections.inventory.match import Match, Term
from connections.inventory.search import FILTERS, OPEN_FOR, ListFilter
from connections.models import Account
from connections.models.connections import OPEN, ConnectionQuerySet
from connections.words.counts import in_words

SAMPLE = 2_000
"""Menus count this many rows at most: beyond, their values are those of a sample, without counts."""
LONGEST_MENU = 12

ANYTHING = {
    "account": gettext_lazy("Any"),
    "service": gettext_lazy("Any"),
    "opener": gettext_lazy("Anyone"),
    "age": gettext_lazy("Any time"),
}
"""The fields that have a menu, and what its first choice is called."""
COLUMNS = {"account": "account_name", "service": "service_name", "opener": "opened_by"}


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


def tabs(chosen: ListFilter, counted: Counts, params: QueryDict) -> list[Choice]:
    """A tab for each status, with how many rows it would show."""
    return [
        Choice(
            label,
            address(params, chosen.match.having("status", Value((name,)))),
            _active_words(counted) if name == "active" else counted.words(name),
            name == chosen.tab,
            in_words(counted.past_end) if name == "active" and counted.past_end else "",
        )
        for name, (label, _statuses) in TABS.items()
    ]


def _active_words(counted: Counts) -> str:
    """Those held for active past their own end are in that tab, and not counted as active."""
    most, count = counted.most["active"], counted.tabs["active"]
    return in_words(count - counted.past_end if count <= most else count, most)


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


def menus(chosen: ListFilter, rows: ConnectionQuerySet, params: QueryDict) -> tuple[list[Facet], Sample]:
    """A menu for each filter, a choice's count being under all others that are set; and the sample of the list."""
    match = chosen.match
    rests = {name: match.having(name).having("ends") if name == "age" else match.having(name) for name in ANYTHING}
    asked = {one.text: one for one in (match, *rests.values())}
    sampled = dict(zip(asked, _samples([one.apply(rows) for one in asked.values()]), strict=True))
    return [_menu(name, match, rest, params, sampled[rest.text]) for name, rest in rests.items()], sampled[match.text]


def _menu(name: str, match: Match, rest: Match, params: QueryDict, sample: Sample) -> Facet:
    is_exact = len(sample) <= SAMPLE
    values, note = _spans(sample) if name == "age" else _values(name, match, sample)
    total = in_words(len(sample)) if is_exact else ""
    choices = [Choice(ANYTHING[name], address(params, rest), total, rest == match)]
    for field, value, label, count in values:
        url = address(params, rest.having(field, value))
        choices.append(Choice(label, url, in_words(count) if is_exact else "", value in match.values(field)))
    shown = ", ".join(str(choice.label) for choice in choices[1:] if choice.selected) or None
    return Facet(name, FIELDS[name].title, choices, shown, note)


Sample = list[dict[str, Any]]
Values = tuple[list[tuple[str, Value, Any, int]], str]
"""Each value with its field, label and count; and what has to be said about them."""


def _samples(wanted: list[ConnectionQuerySet]) -> list[Sample]:
    """The first rows of each, with what the menus ask of them: account, service, person, span of time and end."""
    now = timezone.now()
    spans = [
        When(open_for_condition(span, "", now), then=models.Value(number))
        for number, (_label, span) in enumerate(OPEN_FOR.values())
    ]
    is_open = OPEN
    told: dict[str, Any] = {
        "span": Case(When(~is_open, then=models.Value(-1)), *spans, default=models.Value(-1)),
        "past": Case(When(is_open & Q(expires_at__lte=now), then=models.Value(1)), default=models.Value(0)),
    }
    # Looked up for each row of the sample: joined, it would be read account by account, up to the whole of one.
    told["account_name"] = Account.objects.filter(pk=OuterRef("account")).values("name")
    names = ("account_name", "service_name", "opened_by", "span", "past")
    asked = [rows.order_by().annotate(**told).values_list(*names)[: SAMPLE + 1] for rows in wanted]
    return [[dict(zip(names, row, strict=True)) for row in found] for found in rows_together(asked)]


def _values(name: str, match: Match, sample: Sample) -> Values:
    counted = Counter(row[COLUMNS[name]] for row in sample)
    most = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    found = {Value((key,)): (key or _("not known"), count) for key, count in most[:LONGEST_MENU]}
    # What is chosen is there, even where no row has it.
    found |= {value: (value.shown, counted.get(value.shown, 0)) for value in match.values(name) if value not in found}
    is_all = len(sample) <= SAMPLE and len(counted) <= LONGEST_MENU
    note = "" if is_all else _("These are the most frequent; the search finds the others.")
    return [(name, value, label, count) for value, (label, count) in found.items()], note


def _spans(sample: Sample) -> Values:
    counted = Counter(row["span"] for row in sample)
    found: list[tuple[str, Value, Any, int]] = [
        ("age", Value((span,)), label, counted[number]) for number, (label, span) in enumerate(OPEN_FOR.values())
    ]
    return [*found, ("ends", Value((PAST,)), _("past its own end"), sum(row["past"] for row in sample))], ""
