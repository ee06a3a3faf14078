"""Counts that stay cheap in tables of millions of rows, and say so when they are not exact."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

CAP = 100_000


def count_capped(rows: Any) -> int:
    """How many rows the queryset `rows` has; CAP + 1 stands for more than CAP."""
    return int(rows.order_by().values("pk")[: CAP + 1].count())


def number(count: int) -> str:
    """`count` with its thousands separated."""
    return str(number_format(count, force_grouping=True))


def in_words(count: int, most: int = CAP) -> str:
    """`count`, which was counted to one more than `most`, for a person."""
    if count > most:
        return _("more than %(count)s") % {"count": number(most)}
    return number(count)


class CappedPaginator(Paginator):
    """Counts no further than CAP; the pages beyond it are reached by narrowing the filter."""

    @cached_property
    def count(self) -> int:
        return count_capped(self.object_list)
