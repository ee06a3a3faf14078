"""Whether a connection fits rules of scope: one condition, however many rules there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import models
from django.db.models import F

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMNS = ("account", "device_name", "service_name", "service_kind", "opened_by")


class Says(NamedTuple):
    """What one rule says of a connection. None, "" and (): nothing. `*` in a pattern is anything, `?` one character."""

    account: int | None
    device: str
    service: str
    kinds: tuple[int, ...]
    opener: str


Alternatives = tuple[tuple[tuple[Says, ...], ...], ...]
"""Of these one has to let a connection through: each of its lists has to, by one of the list's rules."""


class Within(models.Func):
    """Whether a connection is what one of `alternatives` lets through. `prefix`: the way to it from the asked rows.

    The columns are looked up once for all rules. Django would look them up for each pattern of each rule in each of
    the some twenty questions of a page, and take longer for it than the database for the answers.
    """

    output_field = models.BooleanField()

    def __init__(self, alternatives: Alternatives, prefix: str = "") -> None:
        super().__init__(*(F(f"{prefix}{name}") for name in COLUMNS))
        self.alternatives = alternatives

    def as_sql(self, compiler: Any, connection: Any, *_words: Any, **_more: Any) -> Any:
        columns = [compiler.compile(one)[0] for one in self.source_expressions]
        like = "ILIKE" if connection.vendor == "postgresql" else "LIKE"
        values: list[Any] = []
        parts = (
            _joined("AND", (_joined("OR", (_of(says, columns, like, values) for says in rules)) for rules in lists))
            for lists in self.alternatives
        )
        return _joined("OR", parts), values


def _of(says: Says, columns: list[str], like: str, values: list[Any]) -> str:
    """The condition of one rule, which says something; what goes into its places is added to `values`."""
    account, device, service, kind, opener = columns
    parts = []
    if says.account is not None:
        parts.append(f"{account} = %s")
        values.append(says.account)
    for column, pattern in ((device, says.device), (service, says.service), (opener, says.opener)):
        if pattern:
            parts.append(f"{column} {like} %s ESCAPE '\\'")
            literal = re.sub(r"([\\%_])", r"\\\1", pattern)
            values.append(literal.replace("*", "%").replace("?", "_"))
    if says.kinds:
        # One that is not known is none, and not "unknown": what is not let through is asked for, too.
        parts.append(f"COALESCE({kind}, -1) IN ({', '.join(['%s'] * len(says.kinds))})")
        values += says.kinds
    return _joined("AND", parts)


def _joined(word: str, parts: Iterable[str]) -> str:
    return f"({f' {word} '.join(parts)})"
