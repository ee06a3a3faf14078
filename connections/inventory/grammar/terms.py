"""The conditions of a search: a term each, and those between two `or` together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from connections.inventory.grammar.fields import DEFAULT_TAB, FIELDS, TABS, id_condition
from connections.inventory.grammar.names import is_number, somewhere
from connections.inventory.grammar.tokens import PAIRS, Value
from connections.models.formats import is_connection_id

BEGINS_AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f-]*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """One condition: a field has one of some values, or a name holds something. `excluded`: that it is not so."""

    field: str
    """"" for what a name holds."""
    values: tuple[Value, ...]
    excluded: bool = False

    def condition(self) -> Q:
        test = FIELDS[self.field].condition if self.field else _mentions
        wanted = reduce(or_, map(test, self.values))
        return ~wanted if self.excluded else wanted

    def written(self) -> str:
        """As it is typed."""
        values = ",".join(value.written() for value in self.values)
        return f"{'-' if self.excluded else ''}{f'{self.field}:' if self.field else ''}{values}"

    def said(self) -> str:
        """Its values in words."""
        return any_of(FIELDS[self.field].said(one) if self.field else f"“{one.shown}”" for one in self.values)

    def words(self) -> str:
        if not self.field:
            return (_("without %s in a name") if self.excluded else _("with %s in a name")) % self.said()
        field = FIELDS[self.field]
        return str(field.excludes if self.excluded else field.means) % self.said()


Alternative = tuple[Term, ...]


def any_of(words: Iterable[str]) -> str:
    """ "a", "a or b", "a, b or c"."""
    *some, last = words
    return _("%(some)s or %(last)s") % {"some": ", ".join(some), "last": last} if some else last


def merged(terms: list[Term]) -> list[Term]:
    """`terms` with one for each field: its values are alternatives, or all left out. Ranges narrow each other."""
    merged: dict[Any, Term] = {}
    for term in terms:
        field = FIELDS.get(term.field)
        key: Any = term if field is None or field.is_range else (term.field, term.excluded)
        known = merged.get(key)
        values = tuple(dict.fromkeys((*known.values, *term.values))) if known else term.values
        merged[key] = replace(term, values=values)
    return list(merged.values())


def ordered(terms: list[Term]) -> Alternative:
    """Bare numbers, which belong to no word; words; what is left out; fields in their order."""
    places = {name: number for number, name in enumerate(FIELDS, start=4)}

    def place(term: Term) -> int:
        if term.field:
            return places[term.field]
        return 3 if term.excluded else 1 if is_number(term.values[0]) else 2

    return tuple(sorted(terms, key=place))


def written(alternative: Alternative, *, alone: bool) -> str:
    status = Term("status", (Value((DEFAULT_TAB,)),))
    shown = [term for term in alternative if term != status]
    if not shown and not alone:
        return status.written()
    return " ".join(term.written() for term in shown)


def values_of(alternative: Alternative, field: str) -> Iterator[Value]:
    return (value for term in alternative if term.field == field and not term.excluded for value in term.values)


def tab_of(alternative: Alternative) -> str:
    if any(term.field == "status" and term.excluded for term in alternative):
        return ""
    [first, *others] = [value.shown for value in values_of(alternative, "status")] or [DEFAULT_TAB]
    return "" if others else first


def condition_of(alternative: Alternative, without: str) -> Q:
    wanted = Q()
    if without != "status" and not any(term.field == "status" and not term.excluded for term in alternative):
        wanted &= FIELDS["status"].condition(Value((DEFAULT_TAB,)))
    for term in alternative:
        if (term.field != without or not without) and not _is_any_status(term):
            wanted &= term.condition()
    return wanted


def _is_any_status(term: Term) -> bool:
    """Whether it asks for nothing: said in SQL it would only have every row looked at."""
    return term.field == "status" and not term.excluded and any(value.shown == "all" for value in term.values)


def words_of(alternative: Alternative) -> str:
    statuses = [value.shown for value in values_of(alternative, "status")] or [DEFAULT_TAB]
    if statuses == ["all"]:
        head = _("connections of any status")
    else:
        head = _("%(status)s connections") % {"status": any_of(str(TABS[one][0]).lower() for one in statuses)}
    rest = [term.words() for term in alternative if term.field != "status" or term.excluded]
    return ", ".join([head, *rest])


def is_id(text: str) -> bool:
    return is_connection_id(text) or PAIRS.fullmatch(text) is not None


def _mentions(value: Value) -> Q:
    """`value` stands in a name, or is or begins the connection's id or address."""
    if not is_part_of_id(value):
        return somewhere(value)
    return id_condition(value) if is_connection_id(value.shown) else somewhere(value) | id_condition(value)


def is_part_of_id(value: Value) -> bool:
    """Whether a word is a connection id or a service address, or begins one."""
    bare = value.is_literal and not value.loose
    return bare and (is_id(value.shown) or BEGINS_AN_ID.fullmatch(value.shown) is not None)
