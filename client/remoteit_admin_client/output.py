"""Tables, and a bar that moves while a run goes on: on a terminal alone, and on standard error."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WIDEST = 40
BAR = 30


def table(rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> list[str]:
    """`rows` as lines: a head of `names`, each column as wide as what stands in it."""
    names = list(names)
    cells = [[name.replace("_", " ") for name in names], *([shown(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def shown(value: Any) -> str:
    """`value` on one line: names come from outside, and must steer no terminal."""
    text = "" if value is None else str(value)
    safe = "".join(f"[U+{ord(char):04X}]" if unicodedata.category(char)[0] == "C" else char for char in text)
    return safe if len(safe) <= WIDEST else f"{safe[: WIDEST - 1]}…"


class Bar:
    """How many of `total` have their answer."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._shows = sys.stderr.isatty() and total > 0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._shows:
            sys.stderr.write("\n")

    def show(self, count: int) -> None:
        if self._shows:
            full = BAR * count // self._total
            sys.stderr.write(f"\r[{'#' * full}{'.' * (BAR - full)}] {count} of {self._total}")
            sys.stderr.flush()
