"""An export that is gone on with: where the file of an earlier one ends."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

from connections.audit.export_csv import COLUMNS
from connections.models import AuditEvent

LONGEST_CELL = 2**31 - 1
WITHIN = {"ocsf": "unmapped", "ecs": "remoteit_admin"}
"""Where in an object of a format the line's own fields stand."""
CEF = re.compile(rb"\|.*\bexternalId=(\d+) .*\bcs6=([0-9a-f]{64})\b")


class NotOfThisHistory(Exception):
    """The file ends with something else than a line of this history. The message is fit for a person."""


@dataclass
class Ending:
    """Where the last whole line of a file ends, in bytes, and what it holds: None for what is no line of an export."""

    at: int = 0
    fields: dict[str, Any] | None = None


def last_line(path: Path, form: str) -> int:
    """The number of the last line that `path` has of this history, in the format `form`; 0 while it has none.

    A line that was torn, by a kill or a full disk, is cut off: it comes again, whole. Raises NotOfThisHistory, and
    changes nothing then.
    """
    with path.open("r+b") as file:
        ending = _of_table(file) if form == "csv" else _of_lines(file, form)
        size = file.seek(0, os.SEEK_END)
        seq = _number(ending.fields) if size else 0
        if seq is None:
            raise NotOfThisHistory(
                _("%s does not end with a line of this history. Move it away, or name another file.") % path
            )
        if size > ending.at:
            file.truncate(ending.at)
    return seq


def _number(fields: dict[str, Any] | None) -> int | None:
    """The number of a line of this history, 0 for a table's header; None for what is neither."""
    if fields is None:
        return None
    if fields.get("seq") == "seq":
        return 0
    seq, own_hash = str(fields.get("seq")), str(fields.get("hash"))
    fits = seq.isdecimal() and own_hash.isalnum() and AuditEvent.objects.filter(seq=int(seq), hash=own_hash).exists()
    return int(seq) if fits else None


def _of_lines(file: IO[bytes], form: str) -> Ending:
    at, last = 0, b""
    for line in file:
        if line.endswith(b"\n"):
            at, last = at + len(line), line
    return Ending(at, _in_cef(last) if form == "cef" else _in_object(last, WITHIN.get(form, "")))


def _in_object(line: bytes, within: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    fields = found.get(within) if within and isinstance(found, dict) else found
    return fields if isinstance(fields, dict) else None


def _in_cef(line: bytes) -> dict[str, Any] | None:
    found = CEF.search(line)
    return {"seq": found[1].decode(), "hash": found[2].decode()} if found else None


def _of_table(file: IO[bytes]) -> Ending:
    csv.field_size_limit(LONGEST_CELL)
    ending, read = Ending(), Ending()
    try:
        for row in csv.reader(_counted(file, read), strict=True):
            if read.fields is not None:
                fields = dict(zip(COLUMNS, row, strict=True)) if len(row) == len(COLUMNS) else None
                ending = Ending(read.at, fields)
    except csv.Error:
        pass  # it ends within a cell
    return ending


def _counted(file: IO[bytes], read: Ending) -> Iterator[str]:
    """The lines of `file`; `read` is where the last one ends, with fields when it is whole."""
    for line in file:
        read.at += len(line)
        read.fields = {} if line.endswith(b"\n") else None
        yield line.decode(errors="surrogateescape")
