"""A table as spreadsheet programs write it as text: UTF-8 or UTF-16, cells parted by comma, semicolon or tab."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain

from django.utils.translation import gettext as _

SEPARATORS = ",;\t"
SEPARATOR_LINE = re.compile(r"""("?)sep=([^\w"\r\n\0])\1[,;\t ]*[\r\n]*""", re.IGNORECASE)
"""A first line that is no row: Excel takes the separator from it, and its users write it for Excel's sake."""
ENCODINGS = ((codecs.BOM_UTF8, "UTF-8"), (codecs.BOM_UTF16_LE, "UTF-16-LE"), (codecs.BOM_UTF16_BE, "UTF-16-BE"))
"""What a byte order mark says. Excel writes one before its "CSV UTF-8" and its "Unicode text", which is UTF-16."""
LONGEST_LINE = 200_000
ZIP = b"PK\x03\x04"


class Unreadable(Exception):
    """It can't be read as a table at all: from which `line` on (from 1), and `why`."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line, self.why = line, why


@dataclass(frozen=True)
class Table:
    """`rows`: the cells of each row that is not blank, with the number of the line where it begins (from 1)."""

    separator: str
    rows: Iterator[tuple[int, list[str]]]


def read_table(content: bytes, names: Collection[str]) -> Table:
    """`content` as a table, row by row; its separator is the one that a first line `sep=;` names.

    Without such a line it is the one by which the first row holds most of `names`, in whatever case.
    Raises Unreadable, here or where the rows come to what breaks the table's form.
    """
    mark, encoding = _encoding(content)
    lines = _lines(content, mark, encoding)
    if named := SEPARATOR_LINE.fullmatch(next(lines, "")):
        return Table(named[2], _rows(chain([""], lines), named[2]))
    separator = _separator(_first_line(_lines(content, mark, encoding)), names)
    return Table(separator, _rows(_lines(content, mark, encoding), separator))


def _encoding(content: bytes) -> tuple[bytes, str]:
    """The byte order mark that `content` begins with, b"" without one, and the encoding."""
    if content.startswith(ZIP):
        raise Unreadable(
            1, _("This is a spreadsheet's own file or another ZIP. Save it as CSV in UTF-8 and try again.")
        )
    if content.startswith(codecs.BOM_UTF32_LE):
        raise _not_in(1, "UTF-8")
    for mark, name in ENCODINGS:
        if content.startswith(mark):
            return mark, name
    if b"\0" in content[:4]:  # UTF-16 that does not say so
        raise _not_in(1, "UTF-8")
    return b"", "UTF-8"


def _not_in(line: int, encoding: str) -> Unreadable:
    why = _("This is not %(encoding)s. Save the file as UTF-8 and try again.") % {"encoding": encoding[:6].rstrip("-")}
    return Unreadable(line, why)


def _lines(content: bytes, mark: bytes, encoding: str) -> Iterator[str]:
    # Decoded piece by piece: a file is not held once more as text, nor millions of cells as one row.
    file = io.BytesIO(content)
    file.seek(len(mark))
    try:
        for number, line in enumerate(io.TextIOWrapper(file, encoding, newline=""), start=1):
            if len(line) > LONGEST_LINE:
                raise Unreadable(number, _("The line has more than %d letters.") % LONGEST_LINE)
            yield line
    except UnicodeDecodeError:
        raise _broken(content, mark, encoding) from None


def _first_line(lines: Iterator[str]) -> str:
    return next((line for line in lines if line.strip(f"{SEPARATORS} \r\n")), "")


def _separator(line: str, names: Collection[str]) -> str:
    def found(separator: str) -> tuple[int, int]:
        cells = [cell.strip(' "\r\n').lower() for cell in line.split(separator)]
        return sum(cell in names for cell in cells), len(cells)

    return max(SEPARATORS, key=found)


def _rows(lines: Iterator[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Unreadable(line, _("From here on this is not CSV: %s.") % error) from None
        if cells is None:
            return
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield line, stripped
        line = reader.line_num + 1


def _broken(content: bytes, mark: bytes, encoding: str) -> Unreadable:
    """Where `content` is not in its encoding: a file that is read in pieces tells that only of the piece."""
    text = content[len(mark) :]
    try:
        text.decode(encoding)
    except UnicodeDecodeError as error:
        before = text[: error.start].decode(encoding)
        return _not_in(sum(1 for _line in io.StringIO(f"{before}x", newline="")), encoding)
    raise AssertionError("it was read a moment ago and could not be decoded")
