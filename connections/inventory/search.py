"""Which connections an address of the list means: its search, and the filters that older addresses set beside it.

What is not understood selects nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.inventory.grammar.fields import FIELDS, read_value
from connections.inventory.grammar.names import matches
from connections.inventory.grammar.spans import PAST, Unclear
from connections.inventory.grammar.tokens import Fault, Value
from connections.inventory.match import Match, MatchError, Term, parse
from connections.models import Account
from connections.models.connections import ConnectionQuerySet, accounts_visible_to

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models.rights import Person

OPEN_FOR: dict[str, tuple[Any, str]] = {
    "under-15m": (gettext_lazy("under 15 min"), "<15m"),
    "15m-1h": (gettext_lazy("15 min to 1 h"), "15m-1h"),
    "1h-4h": (gettext_lazy("1 to 4 h"), "1h-4h"),
    "over-4h": (gettext_lazy("over 4 h"), ">4h"),
}
"""Spans of time open, and each as the search has it."""
PAST_END = "past-end"

FILTERS = {
    "status": "status",
    "account": "account",
    "service": "service",
    "opened_by": "opener",
    "open_for": "age",
    "device": "device",
    "newer": "newer",
    "list": "list",
}
"""The filters that an address may set beside its search, each with its field there."""
OTHER_PARAMETERS = ("q", "o", "p", "view", "group", "fold")


@dataclass(frozen=True)
class ListFilter:
    """What an address asks for. `typed`: the search as it was typed.

    `faults`: what of the search was not understood; `problems`: all that was not, in words.
    """

    match: Match = field(default_factory=Match)
    typed: str = ""
    faults: tuple[Fault, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def tab(self) -> str:
        return self.match.tab

    def apply(self, rows: ConnectionQuerySet, *, without: str = "") -> ConnectionQuerySet:
        """The `rows` that match; none of them when anything was not understood. `without`: the one field left out."""
        return rows.none() if self.problems else self.match.apply(rows, without=without)

    def accounts(self, person: User) -> QuerySet[Account]:
        """The accounts whose connections it can show to `person`."""
        wanted, seen = self.match.values("account"), accounts_visible_to(person)
        if not wanted:
            return seen
        names = seen.values_list("name", flat=True)
        return seen.filter(name__in=[one for one in names if any(matches(value, one) for value in wanted)])


def read(params: MultiValueDict[str, str], person: Person) -> ListFilter:
    """What the address asks for, to `person`. An unknown name or value, or a name given twice, is a problem."""
    typed = params.get("q", "").strip()
    problems: list[str] = []
    faults: tuple[Fault, ...] = ()
    terms: list[Term] = []
    match = Match()
    try:
        match = parse(typed, person)
    except MatchError as error:
        faults = tuple(error.faults)
        problems += [fault.message for fault in faults]
    for name, values in params.lists():
        if name in OTHER_PARAMETERS:
            continue
        problem = _problem(name, values, match, person)
        if problem:
            problems.append(problem)
        else:
            terms.append(_term(name, values[0]))
    for term in terms:
        match = match.having(term.field, *term.values)
    return ListFilter(match, typed if faults else match.text, faults, tuple(problems))


def _term(name: str, value: str) -> Term:
    if name == "open_for":
        return Term("ends", (Value((PAST,)),)) if value == PAST_END else Term("age", (Value((OPEN_FOR[value][1],)),))
    return Term(FILTERS[name], (Value((value,)),))


def _problem(name: str, values: list[str], match: Match, person: Person) -> str:
    if name not in FILTERS:
        known = ", ".join(FILTERS)
        facts = {"name": name, "value": values[-1], "known": known}
        return _("The filter “%(name)s = %(value)s” is not known. Known are: %(known)s.") % facts
    count = len(values) + bool(match.values(FILTERS[name]))
    if count > 1:
        return _("The filter “%(name)s” is set %(count)d times.") % {
            "name": FIELDS[FILTERS[name]].title,
            "count": count,
        }
    if not _is_known(name, values[0], person):
        facts = {"name": FIELDS[FILTERS[name]].title, "value": values[0]}
        return _("The filter “%(name)s” knows no “%(value)s”.") % facts
    return ""


def _is_known(name: str, value: str, person: Person) -> bool:
    if "\0" in value:
        return False
    if name == "open_for":
        return value == PAST_END or value in OPEN_FOR
    try:
        read_value(FILTERS[name], Value((value,)), person)
    except Unclear:
        return False
    return True
