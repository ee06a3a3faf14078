"""What is looked for in names, as conditions on their folded column."""

from __future__ import annotations

import re

from django.db.models import Q

from connections.inventory.grammar.tokens import Value
from connections.models.folded.lookups import escaped
from connections.models.folded.names import (
    AFTER_DEVICE,
    AFTER_OPENER,
    AFTER_SERVICE,
    SHORT,
    fold,
)

NUMBER_AFTER_WORD = re.compile(r"(.*\S) ([0-9]+)", re.DOTALL)
LETTERS = re.compile(r"[^\W\d_]+")
MARKS = {
    "device": ("", AFTER_DEVICE),
    "service": (AFTER_DEVICE, AFTER_SERVICE),
    "opener": (AFTER_SERVICE, AFTER_OPENER),
}
ENDS = tuple(MARKS.values())
"""Between which marks each name stands in the folded column."""


def whole(value: Value, before: str, after: str) -> str:
    """A pattern of LIKE for the name that stands between two marks and is `value` as a whole."""
    pieces = [fold(piece) for piece in value.pieces]
    if value.is_literal:
        pieces = [pieces[0].strip(" ")]  # the marks are blanks, too
    middle = "_%" if pieces == ["", ""] else "%".join(escaped(piece) for piece in pieces)
    return f"{'%' if before else ''}{before}{middle}{after}%"


def somewhere(value: Value) -> Q:
    """The connections of which a name holds `value`."""
    if value.loose:
        return _number_after_word(value.pieces[0])
    pieces = [fold(piece) for piece in value.pieces]
    inner = [piece for piece in pieces if piece.strip()]
    if len(inner) > 1:
        text = "%".join(escaped(piece) for piece in pieces).strip("%")
        patterns = [f"{f'%{before}' if before else ''}%{text}%{after}%" for before, after in ENDS]
        return Q(folded__like=patterns[0]) | Q(folded__like=patterns[1]) | Q(folded__like=patterns[2])
    return holds(inner[0])


def holds(text: str) -> Q:
    """The connections of which a name holds `text`, which is folded: one or two letters as a word or its beginning."""
    if len(text) < 3 and LETTERS.fullmatch(text):
        return Q(folded__holds=f"{SHORT}{text}{SHORT}")
    return Q(folded__holds=text)


def _number_after_word(text: str) -> Q:
    [word, number] = NUMBER_AFTER_WORD.fullmatch(text).groups()  # type: ignore[union-attr]
    word, number = escaped(fold(word)), fold(number)
    return Q(folded__like=f"%{word}{number}%") | Q(folded__like=f"%{word}_{number}%")


def parts_of_name(field: str, value: Value) -> list[str]:
    """The texts that stand in the folded column where the name of `field` is `value`; none for another field."""
    if field not in MARKS:
        return []
    before, after = MARKS[field]
    pieces = [fold(piece) for piece in value.pieces]
    if value.is_literal:
        return [f"{before}{pieces[0].strip(' ')}{after}"]
    return [f"{before}{pieces[0]}", *pieces[1:-1], f"{pieces[-1]}{after}"]


def parts_of_word(value: Value) -> list[str]:
    """The texts that stand in the folded column where a name holds `value`."""
    if value.loose:
        [word, number] = NUMBER_AFTER_WORD.fullmatch(value.pieces[0]).groups()  # type: ignore[union-attr]
        return [fold(word), fold(number)]
    pieces = [fold(piece) for piece in value.pieces]
    if len(pieces) == 1 and len(pieces[0]) < 3 and LETTERS.fullmatch(pieces[0]):
        return [f"{SHORT}{pieces[0]}{SHORT}"]
    return pieces


def matches(value: Value, name: str) -> bool:
    """Whether `name` is `value` as a whole."""
    pieces = [fold(piece) for piece in value.pieces]
    return re.fullmatch(".*".join(map(re.escape, pieces)), fold(name.strip()), re.DOTALL) is not None


def is_number(value: Value) -> bool:
    """Whether `value` is a number and nothing else, but for a wildcard behind it."""
    return re.fullmatch(r"[0-9]+", value.pieces[0]) is not None and value.pieces[1:] in ((), ("",))
