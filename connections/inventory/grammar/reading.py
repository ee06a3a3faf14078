"""From the words of a search to its terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connections.inventory.grammar.fields import ALIASES, FIELDS, nearest, read_value
from connections.inventory.grammar.names import is_number
from connections.inventory.grammar.spans import Unclear
from connections.inventory.grammar.terms import Alternative, Term, is_id, merged, ordered
from connections.inventory.grammar.tokens import Fault, Token, Typed, Value

if TYPE_CHECKING:
    from connections.models.rights import Person

NUMBER_AFTER = ("device", "service", "account")
"""Fields whose names hold numbers: a bare number behind such a value belongs to nobody knows what."""


def read_alternative(tokens: list[Token], faults: list[Fault], person: Person | None) -> Alternative:
    """The terms of `tokens`, between which no `or` stands, to `person`. What is not understood goes to `faults`."""
    terms: list[Term] = []
    before: Token | None = None
    for token in tokens:
        value = token.values[0].value
        if before and token.is_bare_word and is_number(value) and (fault := _belongs_to(before, token)):
            faults.append(fault)
        elif before and token.is_bare_word and is_number(value) and _takes_number(before):
            [word] = terms.pop().values
            terms.append(Term("", (Value((f"{word.shown} {value.pieces[0]}",), loose=True),)))
        elif term := _term(token, faults, person):
            terms.append(term)
        before = token
    return ordered(merged(terms))


def _takes_number(before: Token) -> bool:
    value = before.values[0].value
    return before.is_bare_word and value.is_literal and not is_number(value) and not is_id(value.shown)


def _belongs_to(before: Token, number: Token) -> Fault | None:
    """What is wrong with a bare number behind an excluded word or a field; None for nothing."""
    last = before.values[-1]
    asks = before.field in NUMBER_AFTER if before.field else before.excluded
    if not asks or last.quoted or not last.value.is_literal:
        return None
    text, digits = last.value.shown, number.values[0].value.shown
    whole = f'{"-" if before.excluded else ""}{f"{before.field}:" if before.field else ""}"{text} {digits}"'
    message = _("Does “%(number)s” belong to “%(word)s”? Put both into quotes, or the number first.")
    return Fault(message % {"number": digits, "word": text}, before.start, number.end, (whole,))


def _term(token: Token, faults: list[Fault], person: Person | None) -> Term | None:
    if not token.field:
        return _word(token, faults)
    name = ALIASES.get(token.field, token.field)
    if name not in FIELDS:
        faults.append(_no_field(token))
        return None
    values = [_read(name, typed, faults, person) for typed in token.values]
    return Term(name, tuple(dict.fromkeys(one for one in values if one)), token.excluded) if all(values) else None


def _word(token: Token, faults: list[Fault]) -> Term | None:
    value = token.values[0].value
    if not "".join(value.pieces).strip():
        faults.append(Fault(_("This says nothing: it would stand in every name."), token.start, token.end))
        return None
    return Term("", (_plain(value),), token.excluded)


def _plain(value: Value) -> Value:
    """A word as it counts: a wildcard at its end says nothing, since letters are found anywhere."""
    pieces = value.pieces
    while len(pieces) > 1 and not pieces[0]:
        pieces = pieces[1:]
    while len(pieces) > 1 and not pieces[-1]:
        pieces = pieces[:-1]
    return Value(pieces)


def _read(name: str, typed: Typed, faults: list[Fault], person: Person | None) -> Value | None:
    try:
        return read_value(name, typed.value, person)
    except Unclear as error:
        faults.append(Fault(str(error), typed.start, typed.end, error.mends))
        return None


def _no_field(token: Token) -> Fault:
    start = token.start + token.excluded
    near = nearest(token.field)
    message = _("“%(name)s” is not a field. Known are: %(known)s. Text with a colon goes into quotes.")
    mends = (f"{near}",) if near else ()
    return Fault(message % {"name": token.field, "known": ", ".join(FIELDS)}, start, start + len(token.field), mends)
