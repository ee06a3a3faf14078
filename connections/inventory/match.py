"""A search that means what it says: `plant 7 -pump service:ssh age:>4h` as a condition on connections, and in words.

- Letters are found anywhere in a name, whatever their case and accents. A number is whole and belongs to the word
  before it.
- `"a phrase"` is found as it is written; `*` stands for anything and never continues a number.
- `field:value` is the whole value (`FIELDS` has the fields); several values of a field are alternatives.
- A minus leaves out what follows it; `or` binds weaker than a blank. There are no parentheses.
- What says nothing of a status means what is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _

from connections.inventory.grammar.index import narrowed
from connections.inventory.grammar.reading import read_alternative
from connections.inventory.grammar.terms import (
    Alternative,
    Term,
    condition_of,
    ordered,
    tab_of,
    values_of,
    words_of,
    written,
)
from connections.inventory.grammar.tokens import Fault, MatchError, Reader, Token, Value

if TYPE_CHECKING:
    from connections.models.connections import ConnectionQuerySet
    from connections.models.rights import Person

__all__ = ["Match", "MatchError", "Term", "parse"]

MOST_TERMS = 60


@dataclass(frozen=True)
class Match:
    """What a search means: the connections for which every term of one of its `alternatives` holds."""

    alternatives: tuple[Alternative, ...] = ((),)

    @property
    def text(self) -> str:
        """Its normal form: the same for all ways to type it, and understood as the same."""
        return " or ".join(written(one, alone=len(self.alternatives) == 1) for one in self.alternatives)

    @property
    def tab(self) -> str:
        """The one status, of TABS, that all of it means; "" where it means several."""
        found = {tab_of(one) for one in self.alternatives}
        return found.pop() if len(found) == 1 else ""

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for more than a status."""
        return any(term.field != "status" for one in self.alternatives for term in one)

    def apply(self, rows: ConnectionQuerySet, *, without: str = "") -> ConnectionQuerySet:
        """Those of `rows` that match. `without`: a field that is left out."""
        few = narrowed(self.alternatives) if without in ("", "status") else Q()
        return rows.filter(self.condition(without=without) & few)

    def condition(self, *, without: str = "") -> Q:
        conditions = [condition_of(one, without) for one in self.alternatives]
        # To Django a condition that asks for nothing is none: with `or` it would leave only the others.
        return reduce(or_, conditions) if all(conditions) else Q()

    def values(self, field: str) -> tuple[Value, ...]:
        """The values of `field` that all alternatives ask for."""
        [first, *others] = [{one.written(): one for one in values_of(one, field)} for one in self.alternatives]
        return tuple(value for text, value in first.items() if all(text in other for other in others))

    def having(self, field: str, *values: Value) -> Match:
        """It with `field` of one of `values` in place of what it asked of that field; of any, without values."""
        kept = [tuple(term for term in one if term.field != field or term.excluded) for one in self.alternatives]
        added = (Term(field, values),) if values else ()
        return Match(tuple(dict.fromkeys(ordered([*one, *added]) for one in kept)))

    def less(self, alternative: int, term: int) -> Match:
        """It without one term of one alternative; an alternative that asks for nothing else goes with it."""
        one = self.alternatives[alternative]
        rest = (*one[:term], *one[term + 1 :])
        others = self.alternatives[:alternative], self.alternatives[alternative + 1 :]
        kept = (rest,) if rest or not any(others) else ()
        return Match((*others[0], *kept, *others[1]))

    def words(self) -> str:
        """What it means, as a sentence without its full stop."""
        return _("; or: ").join(map(words_of, self.alternatives))


def parse(text: str, person: Person | None = None) -> Match:
    """What `text` means, to `person` where somebody asks.

    Raises MatchError, which points at every word that is not understood.
    """
    reader = Reader(text)
    alternatives: list[list[Token]] = [[]]
    ors: list[Token] = []
    for token in reader.tokens():
        if token.is_or:
            ors.append(token)
            alternatives.append([])
        else:
            alternatives[-1].append(token)
    faults = reader.faults
    if not faults and ors:
        message = _("An “or” stands between two things. One that belongs to a name goes into quotes.")
        faults += [
            Fault(message, one.start, one.end, ('"or"',))
            for number, one in enumerate(ors)
            if not (alternatives[number] and alternatives[number + 1])
        ]
    found = tuple(read_alternative(tokens, faults, person) for tokens in alternatives)
    if sum(map(len, found)) > MOST_TERMS:
        message = _("A search has at most %(most)d parts; a list of names goes into “Paste a list”.")
        faults.append(Fault(message % {"most": MOST_TERMS}, 0, len(text)))
    if faults:
        raise MatchError(faults)
    return Match(tuple(dict.fromkeys(found)))
