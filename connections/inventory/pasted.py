"""The lines of a pasted list: device names, service addresses, connection ids and people, mixed, one a line."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.models.formats import is_connection_id, is_service_address

MOST_LINES = 10_000
MOST_BYTES = 2**20
ACCOUNT = "account:"
"""What the second column begins with where a line says which account it means; `*` means all of them."""

# What a mail puts before a line: the sign of a quotation, of a list, a number.
BEFORE = re.compile(r"(?:>\s*|[*\u2022\u00b7\u2013\u2014-]\s+|\d{1,4}[.)]\s+)+")
IN_ANGLES = re.compile(r"[^<>]*<([^<>\s]+@[^<>\s]+)>[,;]?")
QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u201e": "\u201c", "\u00ab": "\u00bb"}


class Kind(models.TextChoices):
    """What a line is looked up as."""

    DEVICE = "device", gettext_lazy("device")
    ADDRESS = "address", gettext_lazy("service address")
    PERSON = "person", gettext_lazy("person")
    ID = "id", gettext_lazy("connection id")


class NotALine(Exception):
    """What was given can't be looked up at all: too much, no text, or nothing. The message is fit for a person."""


@dataclass(frozen=True)
class Line:
    """A line that is no blank: its number as it was typed (from 1), its text, and what is looked up.

    `names`: the readings of its first column, the one that stands there first. `account`: the account that it names,
    "*" for all, "" where it names none.
    """

    number: int
    text: str
    names: tuple[str, ...]
    account: str = ""

    @property
    def form(self) -> Kind | None:
        """What its form says that it is; None for a name."""
        for name in self.names:
            if is_connection_id(name):
                return Kind.ID
            if is_service_address(name):
                return Kind.ADDRESS
            if "@" in name and not re.search(r"\s", name):
                return Kind.PERSON
        return None

    @property
    def name(self) -> str:
        """The reading that has its form; for a name the barest."""
        return self.names[-1]


def read_text(content: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 as spreadsheets write it. Raises NotALine for a file that is no text.

    What isn't UTF-8 is replaced, and so becomes a line that names nothing.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content:
        raise NotALine(_("This file is no text. Save it as text or CSV, with the names in the first column."))
    return content.removeprefix(codecs.BOM_UTF8).decode(errors="replace")


def read_lines(text: str, *, most: int = MOST_LINES) -> list[Line]:
    """The lines of `text` that are no blanks. Raises NotALine where they are more than `most`, or none."""
    typed = text.split("\n")
    found = [_line(number, one) for number, one in enumerate(typed, start=1) if one.strip()]
    if not found:
        raise NotALine(_("There is no line in it. Write one name, address, id or e-mail address a line."))
    if len(found) > most:
        counts = {"count": len(found), "most": most}
        raise NotALine(_("There are %(count)d lines: at most %(most)d are looked up at once.") % counts)
    return found


def _line(number: int, text: str) -> Line:
    first, *others = text.rstrip("\r").strip().split("\t")
    account = next((other.strip()[len(ACCOUNT) :] for other in others if other.strip().startswith(ACCOUNT)), "")
    first = " ".join(first.split())
    bare = BEFORE.sub("", first, count=1) if BEFORE.match(first) else first
    bare = bare.rstrip(",;").rstrip()
    unquoted = bare[1:-1].strip() if len(bare) > 2 and QUOTES.get(bare[0]) == bare[-1] else bare
    person = IN_ANGLES.fullmatch(unquoted)
    readings = [first, unquoted, person[1] if person else ""]
    return Line(number, text.rstrip("\r"), tuple(dict.fromkeys(one for one in readings if one)), account)
