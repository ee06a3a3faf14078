"""Columns whose value is the same in every row: they say more as one line above the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Max, Min

from connections.admin.connections.columns import COLUMNS

if TYPE_CHECKING:
    from connections.admin.connections.display import Display
    from connections.models.connections import ConnectionQuerySet

FOLD = "fold"
"""The parameter of an address that has them shown as columns, with `off`."""
VALUES = {"account": "account__name", "opened_by": "opened_by"}
"""The columns that can be folded, each with what it shows."""
MOST = 1000
"""Of more rows than this nobody is told what they have in common: all would have to be read."""


def same_in_all(rows: ConnectionQuerySet, count: int, display: Display) -> dict[str, tuple[Any, str]]:
    """The columns of `display` in which all `rows`, `count` of them, show the same: their title and that value."""
    asked = {name: field for name, field in VALUES.items() if name in display.columns}
    if not asked or count > MOST:
        return {}
    ends = {f"{name}_{end.__name__}": end(field) for name, field in asked.items() for end in (Min, Max)}
    found = rows.order_by().aggregate(**ends)
    titles = {cell.__name__: cell.short_description for cell in COLUMNS}
    return {
        name: (titles[name], found[f"{name}_Min"])
        for name in asked
        if count > 1 and found[f"{name}_Min"] and found[f"{name}_Min"] == found[f"{name}_Max"]
    }
