"""What a name that is not known may have meant: names of devices that differ by a letter or two."""

from __future__ import annotations

import re
from collections import defaultdict
from difflib import get_close_matches
from typing import TYPE_CHECKING

from connections.models.folded.names import fold

if TYPE_CHECKING:
    from connections.inventory.pasted import Line
    from connections.models.connections import ConnectionQuerySet

MOST = 20
"""So many lines are helped at once."""
MOST_CANDIDATES = 2000
OFFERED = 2
LIKENESS = 0.8


def near_names(lines: list[Line], connections: ConnectionQuerySet) -> dict[int, list[str]]:
    """The names of devices among `connections` that are near the name of each line, by the line's number.

    Their numbers are the line's: another number is another device, however alike the rest.
    """
    lines = [line for line in lines if line.form is None][:MOST]
    if not lines:
        return {}
    wanted = {_numbers(line.name) for line in lines}
    by_numbers: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for name in connections.order_by().values_list("device_name", flat=True).distinct().iterator():
        if (numbers := _numbers(name)) in wanted and len(by_numbers[numbers]) < MOST_CANDIDATES:
            by_numbers[numbers][fold(name.strip())] = name
    found = {line.number: _near(line, by_numbers[_numbers(line.name)]) for line in lines}
    return {number: names for number, names in found.items() if names}


def _near(line: Line, names: dict[str, str]) -> list[str]:
    return [names[one] for one in get_close_matches(fold(line.name), names, OFFERED, LIKENESS)]


def _numbers(name: str) -> tuple[str, ...]:
    return tuple(number.lstrip("0") for number in re.findall(r"[0-9]+", name))
