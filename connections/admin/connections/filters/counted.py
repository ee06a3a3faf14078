"""How many connections each tab of the list would show, asked in one statement, and never more than a page may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _

from connections.db.counts import count_together
from connections.inventory.grammar.fields import FIELDS, TABS
from connections.inventory.grammar.index import is_broad
from connections.inventory.grammar.spans import PAST
from connections.inventory.grammar.tokens import Value
from connections.models import Connection
from connections.models.states import OPEN_STATUSES, ConnectionStatus
from connections.words import counts as counting
from connections.words.counts import in_words, number

if TYPE_CHECKING:
    from connections.inventory.search import ListFilter
    from connections.models.connections import ConnectionQuerySet

MOST_OPEN, MOST_CLOSED = 5_000, 1_000
"""How far what a filter finds is counted, of what is open and of what is not: each row has to be looked at."""
MOST_LOOKED_AT = 5_000
"""So many of a status that is not shown are looked at, where very many may match."""


@dataclass(frozen=True)
class Counts:
    """How many rows each tab would show. `past_end`: of the active ones, held for it past their own end.

    Each is exact up to `most`; above that it stands for any higher number. That of a tab in `least` is of a part that
    was looked at: it has so many or more.
    """

    tabs: dict[str, int]
    past_end: int
    shown: int
    newer: int
    most: dict[str, int]
    newest: int
    """The key of the newest record, whoever may see it; 0 when there is none."""
    least: frozenset[str]

    def words(self, name: str) -> str:
        if name in self.least:
            return _("%(count)s or more") % {"count": number(min(self.tabs[name], self.most[name]))}
        return in_words(self.tabs[name], self.most[name])


def counts(chosen: ListFilter, rows: ConnectionQuerySet, newer_than: int | None = None) -> Counts:
    """How many rows there are under the filter, by status.

    `newer_than`: the key of a record, for how many of those that are shown are newer.
    """
    matching, shown = chosen.apply(rows, without="status"), chosen.apply(rows)
    most = dict.fromkeys(ConnectionStatus, counting.CAP)
    if chosen.match.is_narrowed:
        most = {one: MOST_OPEN if one in OPEN_STATUSES else MOST_CLOSED for one in ConnectionStatus}
    looked_at = _looked_at(chosen)
    past = FIELDS["ends"].condition(Value((PAST,))) & Q(status=ConnectionStatus.ACTIVE)
    late = Connection.objects.filter(past).order_by("opened_at", "pk")[:MOST_LOOKED_AT]
    wanted = [
        (_part(matching, status) if status in looked_at else matching.filter(status=status), most[status])
        for status in ConnectionStatus
    ]
    # What is cheap to look at first: of those that are past their end alone it is asked whether they match.
    past_ones = Connection.objects.filter(Q(pk__in=late.values("pk")) if looked_at else past)
    wanted += [(past_ones & matching, most[ConnectionStatus.ACTIVE])]
    wanted += [(shown if looked_at or not chosen.tab else shown.none(), MOST_OPEN if looked_at else counting.CAP)]
    wanted += [(shown.none() if newer_than is None else shown.filter(pk__gt=newer_than), counting.CAP)]
    wanted += [(Connection.objects.filter(status=one), MOST_LOOKED_AT) for one in looked_at]
    *found, newest = count_together(wanted, Connection.objects.all())
    by_status = dict(zip(ConnectionStatus, found, strict=False))
    past_end, of_shown, newer, *of_parts = found[len(ConnectionStatus) :]
    tabs, limits = {}, {}
    for name, (_label, statuses) in TABS.items():
        over = [most[one] for one in map(ConnectionStatus, statuses) if by_status[one] > most[one]]
        # A sum with a part that is not counted to its end is "more than" the sum of what was counted.
        tabs[name] = sum(min(by_status[one], most[one]) for one in map(ConnectionStatus, statuses)) + bool(over)
        limits[name] = tabs[name] - 1 if over else counting.CAP * len(TABS)
    partly = {one for one, count in zip(looked_at, of_parts, strict=True) if count > MOST_LOOKED_AT}
    least = {name for name, (_label, statuses) in TABS.items() if partly.intersection(statuses)} - {chosen.tab}
    if looked_at and chosen.tab:
        tabs[chosen.tab], limits[chosen.tab] = of_shown, MOST_OPEN
    total = tabs[chosen.tab] if chosen.tab else of_shown
    return Counts(tabs, past_end, total, newer, limits, newest, frozenset(least))


def _looked_at(chosen: ListFilter) -> list[ConnectionStatus]:
    """The statuses of which a part alone is looked at, where counting them may be reading them all."""
    return list(ConnectionStatus) if is_broad(chosen.match.alternatives) else []


def _part(matching: ConnectionQuerySet, status: ConnectionStatus) -> ConnectionQuerySet:
    first = Connection.objects.filter(status=status).order_by("opened_at", "pk")[:MOST_LOOKED_AT]
    return matching.filter(pk__in=first.values("pk"))
