"""What SQLite's index of names can say of a search, before any row is read."""

from __future__ import annotations

import time
from functools import lru_cache

from django.db import OperationalError, connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from connections.db.search_index import INDEX
from connections.inventory.grammar.names import parts_of_name, parts_of_word
from connections.inventory.grammar.terms import Alternative, Term, is_part_of_id

FEW = 5000
"""So many hits are read by their keys; with more of them it is sooner found by reading rows in the list's order."""
MOST_TRIGRAMS = 6
INDEXED = ("id", "list", "newer")
"""The fields whose own index finds their rows."""
HITS = f"SELECT rowid FROM {INDEX} WHERE {INDEX} MATCH %s"  # noqa: S608 - our own table's name


def narrowed(alternatives: tuple[Alternative, ...]) -> Q:
    """A condition that all matches meet, where the index says that few rows do; an empty one elsewhere."""
    expression = _of_all(alternatives)
    if not expression or not _are_few(expression, int(time.monotonic())):
        return Q()
    return Q(pk__in=RawSQL(HITS, [expression]))  # noqa: S611 - the expression is a parameter


def is_broad(alternatives: tuple[Alternative, ...]) -> bool:
    """Whether more is asked for than a status, and no index says that few rows match."""
    asked = any(term.field not in ("status", *INDEXED) for one in alternatives for term in one)
    return connection.vendor == "sqlite" and asked and not narrowed(alternatives)


def _of_all(alternatives: tuple[Alternative, ...]) -> str:
    """What FTS5 is asked; "" where it can't help. PostgreSQL's planner knows by itself when to ask its index."""
    expressions = [_expression(one) for one in alternatives] if connection.vendor == "sqlite" else [""]
    return " OR ".join(f"({one})" for one in expressions) if all(expressions) else ""


@lru_cache(maxsize=200)
def _are_few(expression: str, second: int) -> bool:
    """Asked once for all that a page counts; `second` has it asked again."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM ({HITS} LIMIT %s)", [expression, FEW + 1])  # noqa: S608
            return int(cursor.fetchone()[0]) <= FEW
    except OperationalError:
        return False  # there is no such index, which `check` says


def _expression(alternative: Alternative) -> str:
    """What FTS5 is asked for the terms that it can help with; "" for none."""
    return " AND ".join(filter(None, map(_of_term, alternative)))


def _of_term(term: Term) -> str:
    if term.excluded:
        return ""
    values = [_trigrams(_parts(term, number)) for number in range(len(term.values))]
    return f"({' OR '.join(f'({one})' for one in values)})" if all(values) else ""


def _parts(term: Term, number: int) -> list[str]:
    value = term.values[number]
    if not term.field:
        return [] if is_part_of_id(value) else parts_of_word(value)
    return parts_of_name(term.field, value)


def _trigrams(parts: list[str]) -> str:
    """Those with a digit, where there are any: few names share them, and each of the others may be in all."""
    found = list(dict.fromkeys(part[at : at + 3] for part in parts for at in range(len(part) - 2)))
    telling = [one for one in found if any(letter.isdigit() for letter in one)] or found
    return " AND ".join('"{}"'.format(one.replace('"', '""')) for one in telling[:MOST_TRIGRAMS])
