"""The list by device, person, account or service: how many each has, and the way to exactly those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils.translation import gettext_lazy

from connections.admin.connections import facets
from connections.inventory.grammar.tokens import Value
from connections.words.counts import number

if TYPE_CHECKING:
    from django.http import QueryDict

    from connections.inventory.search import ListFilter
    from connections.models.connections import ConnectionQuerySet

GROUP = "group"
"""The parameter of an address that says by what the list is grouped."""
BY: dict[str, tuple[Any, str]] = {
    "device": (gettext_lazy("Device"), "device_name"),
    "opener": (gettext_lazy("Person"), "opened_by"),
    "account": (gettext_lazy("Account"), "account__name"),
    "service": (gettext_lazy("Service"), "service_name"),
}
"""For each field what it is called, and the column that holds it."""
LISTED = 200


@dataclass(frozen=True)
class Group:
    """`url`: the list of exactly those; "" where they have no name."""

    name: str
    count: int
    url: str


def group_field(params: QueryDict) -> str:
    """By what the address has the list grouped; "" for nothing."""
    field = params.get(GROUP, "")
    return field if field in BY else ""


def grouped(chosen: ListFilter, rows: ConnectionQuerySet, params: QueryDict) -> dict[str, Any]:
    """What the page shows of the groups, the largest first; nothing where the list is not grouped."""
    choices = [("", gettext_lazy("Nothing"), _address(params, ""))]
    choices += [(field, title, _address(params, field)) for field, (title, _column) in BY.items()]
    field = group_field(params)
    context: dict[str, Any] = {"group_choices": choices, "group_field": field}
    if not field:
        return context
    title, column = BY[field]
    counted = rows.order_by().values_list(column).annotate(count=Count("pk")).order_by("-count", column)
    found = list(counted[: LISTED + 1])
    bare = params.copy()
    bare.pop(GROUP)
    groups = [
        Group(name, count, facets.address(bare, chosen.match.having(field, Value((name,)))) if name else "")
        for name, count in found[:LISTED]
    ]
    return {
        **context,
        "groups": groups,
        "group_title": title,
        "more_groups": len(found) > LISTED,
        "listed": number(LISTED),
    }


def _address(params: QueryDict, field: str) -> str:
    kept = params.copy()
    for name in (GROUP, "p"):
        kept.pop(name, None)
    if field:
        kept[GROUP] = field
    return f"?{kept.urlencode()}"
