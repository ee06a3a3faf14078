"""Conditions on text that Django has none for."""

from __future__ import annotations

import re
from typing import Any

from django.db import models
from django.db.models.functions import Upper

from connections.models.folded.names import FoldedNames


@FoldedNames.register_lookup
class Like(models.Lookup):
    """`folded__like=pattern`, of LIKE, with a backslash before what is no wildcard."""

    lookup_name = "like"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, column_values = self.process_lhs(compiler, connection)
        pattern, pattern_values = self.process_rhs(compiler, connection)
        return f"{column} LIKE {pattern} ESCAPE '\\'", [*column_values, *pattern_values]


@FoldedNames.register_lookup
class Holds(models.Lookup):
    """`folded__holds=text`: the text stands in it, letter for letter."""

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, column_values = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s ESCAPE '\\'", [*column_values, f"%{escaped(str(self.rhs))}%"]

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        # LIKE takes five times as long where every row has to be read.
        column, column_values = self.process_lhs(compiler, connection)
        return f"instr({column}, %s) > 0", [*column_values, str(self.rhs)]


@models.CharField.register_lookup
class Begins(models.Lookup):
    """`name__begins=text`: it begins with the text, in this case of letters, as an index can tell."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, column_values = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s ESCAPE '\\'", [*column_values, f"{escaped(str(self.rhs))}%"]

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        # An index serves no LIKE with ESCAPE there.
        column, values = self.process_lhs(compiler, connection)
        first = str(self.rhs)
        last = first[:-1] + chr(ord(first[-1]) + 1)
        return f"({column} >= %s AND {column} < %s)", [*values, first, *values, last]


models.CharField.register_lookup(Upper)


def escaped(text: str) -> str:
    """`text` as a pattern of LIKE that matches it alone."""
    return re.sub(r"([\\%_])", r"\\\1", text)
