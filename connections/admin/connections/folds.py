"""Columns whose value is the same in every row: they say more as one line above the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connections.admin.connections.columns import COLUMNS

if TYPE_CHECKING:
    from connections.admin.connections.display import Display
    from connections.admin.connections.facets import Sample

FOLD = "fold"
"""The parameter of an address that has them shown as columns, with `off`."""
VALUES = {"account": "account_name", "opened_by": "opened_by"}
"""The columns that can be folded, each with what it shows."""
MOST = 1000
"""Of more rows than this nobody is told what they have in common: all would have to be read."""


def same_in_all(rows: Sample, count: int, display: Display) -> dict[str, tuple[Any, str]]:
    """The columns of `display` in which all `rows`, `count` of them, show the same: their title and that value."""
    if not 1 < count <= MOST:
        return {}
    titles = {cell.__name__: cell.short_description for cell in COLUMNS}
    found = {name: {row[field] for row in rows} for name, field in VALUES.items() if name in display.columns}
    return {
        name: (titles[name], values.pop()) for name, values in found.items() if len(values) == 1 and "" not in values
    }
