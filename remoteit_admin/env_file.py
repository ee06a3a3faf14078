"""Reading `.env`: each line is taken as it is written or refused by its number, and its content is told to nobody."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from pathlib import Path

from remoteit_admin.invalid_setting import InvalidSetting

BLANKS = " \t"
ASSIGNMENT = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=(.*)")
COMMENT = re.compile(r"[ \t]+#.*")
SINGLE_QUOTED = re.compile(r"'([^']*)'(.*)")
DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(.*)')
ESCAPED = re.compile(r'\\(["\\$`])')
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def load(path: Path) -> None:
    """Put what `path` sets into the environment; what the environment has already, empty or not, stays.

    A file that isn't there sets nothing. Raises InvalidSetting as `read` does.
    """
    for name, value in read(path).items():
        os.environ.setdefault(name, value)


def read(path: Path) -> dict[str, str]:
    """The settings in `path`, a file as a shell would read it, but for `$`, which stands for itself.

    Raises InvalidSetting, with the number of the line and without its content.
    """
    settings: dict[str, str] = {}
    set_on: dict[str, int] = {}
    for number, line in _lines(path):
        try:
            name, value = _assignment(line)
        except ValueError as error:
            raise InvalidSetting(f"Line {number} of {path.name} can't be read: {error}.") from None
        # An empty value sets nothing, so that a later line is no contradiction.
        if settings.get(name):
            raise InvalidSetting(f"Line {number} of {path.name} sets again what line {set_on[name]} has set.")
        settings[name], set_on[name] = value, number
    return settings


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers from 1."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise InvalidSetting(f"{path.name} can't be read: {error.strerror}.") from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidSetting(f"{path.name} is written in UTF-16. Save it as UTF-8.")
    for number, raw in enumerate(content.removeprefix(codecs.BOM_UTF8).split(b"\n"), 1):
        try:
            line = raw.decode().strip(BLANKS + "\r")
        except UnicodeDecodeError:
            raise InvalidSetting(f"Line {number} of {path.name} is not in UTF-8. Save the file as UTF-8.") from None
        if line and not line.startswith("#"):
            yield number, line


def _assignment(line: str) -> tuple[str, str]:
    """The name and the value that `line` sets. Raises ValueError, whose message repeats nothing of it."""
    if CONTROL.search(line):
        raise ValueError("it has a control character")
    found = ASSIGNMENT.fullmatch(line)
    if not found:
        raise ValueError("it has to be NAME=value, or a comment that begins with #")
    name, written = found.groups()
    return name, _value(written)


def _value(written: str) -> str:
    bare = written.lstrip(BLANKS)
    if not bare.startswith(("'", '"')):
        # A blank and # begin a comment; # inside a word belongs to it.
        return COMMENT.sub("", written, count=1).strip(BLANKS)
    found = (SINGLE_QUOTED if bare[0] == "'" else DOUBLE_QUOTED).fullmatch(bare)
    if not found:
        raise ValueError("its quote is not closed")
    value, rest = found.groups()
    if COMMENT.sub("", rest, count=1).strip(BLANKS):
        raise ValueError("something stands after the closing quote")
    return value if bare[0] == "'" else ESCAPED.sub(r"\1", value)
