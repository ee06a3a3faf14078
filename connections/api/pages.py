"""Lists in parts: by a cursor that nobody need understand, so that no row comes twice or is left out meanwhile."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, Any

from ninja import Query
from pydantic import BaseModel

from connections.api.problems import Problem
from connections.inventory.grammar.fields import is_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

DEFAULT, MOST = 100, 1000
Limit = Annotated[int, Query(ge=1, le=MOST, description=f"How many at most; {DEFAULT} without it.")]
Cursor = Annotated[str | None, Query(max_length=60, description="`next` of the answer before.")]


class Page(BaseModel):
    """`next` is the cursor of the next part; null at the end."""

    next: str | None


def page(
    rows: QuerySet[Any],
    limit: int,
    cursor: str | None,
    shown: Callable[[list[Any]], list[Any]],
    *,
    key: str = "pk",
    newest_first: bool = False,
) -> dict[str, Any]:
    """One part of `rows`, by their `key`, each as `shown` shows it. Raises Problem for a cursor that is none."""
    sign, after = ("-", "lt") if newest_first else ("", "gt")
    if cursor is not None:
        rows = rows.filter(**{f"{key}__{after}": _opened(cursor)})
    found = list(rows.order_by(f"{sign}{key}")[: limit + 1])
    more = len(found) > limit
    return {"items": shown(found[:limit]), "next": _closed(getattr(found[limit - 1], key)) if more else None}


def _closed(key: int) -> str:
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def _opened(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    if not is_key(text):
        raise Problem("invalid_cursor", errors=[{"parameter": "cursor", "code": "cursor"}])
    return int(text)
