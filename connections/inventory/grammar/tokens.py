"""The words of a search as they are typed: where each stands, what is quoted, what is a wildcard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from connections.models.formats import CONTROL_CHARACTER

MOST_LETTERS = 2000
ESCAPED = re.compile(r'\\(["*\\])|(\*)|(.)', re.DOTALL)
FIELD = re.compile(r"([A-Za-z_]+):")
PAIRS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})+:?(?=\s|$)")
"""Part of a service address, which is no field with a value."""
QUOTED = re.compile(r'"((?:[^"\\]|\\["*\\]|\\(?!"))*)"')
BARE = re.compile(r'(?:\\["*\\]|[^\s"])+')
BARE_OF_FIELD = re.compile(r'(?:\\["*\\]|[^\s",])+')
REST = re.compile(r"\S*")


@dataclass(frozen=True)
class Fault:
    """What is not understood: a sentence, where its word begins and ends, and what could stand there instead."""

    message: str
    start: int
    end: int
    mends: tuple[str, ...] = ()


class MatchError(Exception):
    """A search that is not understood. `start` and `end` are the place of the first such word; `faults` has all."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(" ".join(fault.message for fault in faults))
        self.faults = sorted(faults, key=lambda fault: fault.start)
        self.message, self.start, self.end = self.faults[0].message, self.faults[0].start, self.faults[0].end


@dataclass(frozen=True)
class Value:
    """What is looked for: the text between wildcards, so that ("Plant 7", "") is `Plant 7*`.

    `loose`: its last piece ends with a number that may stand right behind its word, or one character further.
    """

    pieces: tuple[str, ...]
    loose: bool = False

    @property
    def is_literal(self) -> bool:
        return len(self.pieces) == 1

    @property
    def shown(self) -> str:
        """As it is told in words."""
        return "*".join(self.pieces)

    def written(self) -> str:
        """As it is typed: in quotes where it has to be."""
        text = "*".join(re.sub(r'(["*\\])', r"\\\1", piece) for piece in self.pieces)
        return text if self.loose or _stands_bare(text) else f'"{text}"'


@dataclass(frozen=True)
class Typed:
    """A value where it was typed."""

    value: Value
    quoted: bool
    start: int
    end: int


@dataclass(frozen=True)
class Token:
    """A word, or a field with its values, and whether a minus stands before it. A lone `or` is no word."""

    start: int
    end: int
    excluded: bool
    field: str
    values: tuple[Typed, ...]

    @property
    def is_or(self) -> bool:
        [first, *_others] = self.values
        return not (self.excluded or self.field or first.quoted) and first.value.pieces[0].lower() == "or"

    @property
    def is_bare_word(self) -> bool:
        return not (self.excluded or self.field or self.values[0].quoted)


@dataclass
class Reader:
    """Reads `text` word by word, and keeps what is wrong with it in `faults`."""

    text: str
    faults: list[Fault] = field(default_factory=list)

    def tokens(self) -> Iterator[Token]:
        if len(self.text) > MOST_LETTERS:
            message = _("A search has at most %(most)d letters; a list of names goes into “Paste a list”.")
            self._fault(message % {"most": MOST_LETTERS}, MOST_LETTERS, len(self.text))
            return
        if unseen := CONTROL_CHARACTER.search(self.text.replace("\t", " ").replace("\n", " ").replace("\r", " ")):
            self._fault(_("This is a character that no name or id has."), *unseen.span())
            return
        place = 0
        while place < len(self.text):
            if self.text[place].isspace():
                place += 1
                continue
            start = place
            token, place = self._token(start)
            if token:
                yield token

    def _token(self, start: int) -> tuple[Token | None, int]:
        """The word that begins at `start`, None where it is not understood, and where the reading goes on."""
        excluded = self.text[start] == "-"
        place = start + excluded
        name = FIELD.match(self.text, place)
        if name and PAIRS.match(self.text, place):
            name = None
        if name:
            place = name.end()
        values, end = self._values(place, of_field=bool(name))
        if values is None:
            return None, end
        if values:
            return Token(start, end, excluded, name[1].lower() if name else "", tuple(values)), end
        if name:
            self._fault(_("After “%(field)s” comes what it has to be.") % {"field": name[0]}, start, end)
        else:
            message = _("A minus leaves out the word behind it, without a blank. A lone one goes into quotes.")
            self._fault(message, start, end, '"-"')
        return None, end

    def _values(self, place: int, *, of_field: bool) -> tuple[list[Typed] | None, int]:
        """The values that begin at `place`, divided by commas where they are those of a field; None after a fault."""
        values: list[Typed] = []
        while True:
            typed = self._value(place, of_field=of_field)
            if typed is None and self.text.startswith('"', place):
                return None, len(self.text)  # the quote that is never closed takes all of the rest
            if typed is None:
                end = REST.match(self.text, place).end()  # type: ignore[union-attr]
                if values:
                    self._fault(_("After a comma comes another value."), place - 1, max(end, place))
                    return None, end
                return ([], end) if end == place or self.text[place] == "," else (None, end)
            values.append(typed)
            place = typed.end
            if of_field and self.text.startswith(",", place):
                place += 1
                continue
            return self._up_to_blank(values, place)

    def _up_to_blank(self, values: list[Typed], place: int) -> tuple[list[Typed] | None, int]:
        end = REST.match(self.text, place).end()  # type: ignore[union-attr]
        if end == place:
            return values, place
        start = values[-1].start
        if QUOTED.match(self.text, place) or values[-1].quoted:
            self._fault(_("Put a blank between what is quoted and what is not."), start, end)
        else:
            message = _("This quote has no other. Where it belongs to a name, a backslash goes before it.")
            self._fault(message, place, place + 1, '\\"')
        return None, end

    def _value(self, place: int, *, of_field: bool) -> Typed | None:
        if self.text.startswith('"', place):
            if quoted := QUOTED.match(self.text, place):
                return Typed(_value_of(quoted[1]), True, place, quoted.end())
            message = _("This quote has no other. Where it belongs to a name, a backslash goes before it.")
            self._fault(message, place, len(self.text), self.text[place:].rstrip() + '"')
            return None
        bare = (BARE_OF_FIELD if of_field else BARE).match(self.text, place)
        if bare is None:
            return None
        if "(" in bare[0] or ")" in bare[0]:
            message = _("There are no parentheses in a search; a name that holds one goes into quotes.")
            self._fault(message, *bare.span(), f'"{bare[0]}"')
        return Typed(_value_of(bare[0]), False, *bare.span())

    def _fault(self, message: str, start: int, end: int, *mends: str) -> None:
        self.faults.append(Fault(message, start, end, mends))


def _value_of(text: str) -> Value:
    pieces = [""]
    for one in ESCAPED.finditer(text):
        if one[2]:
            pieces.append("")
        else:
            pieces[-1] += one[1] or one[3]
    # Two wildcards in a row say what one says.
    return Value((pieces[0], *(piece for piece in pieces[1:-1] if piece), *pieces[1:][-1:]))


def _stands_bare(text: str) -> bool:
    if not text or text.lower() == "or" or text.startswith("-") or re.search(r'[\s",()]', text):
        return False
    return not FIELD.match(text) or PAIRS.match(text) is not None
