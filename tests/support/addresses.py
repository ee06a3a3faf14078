"""Every address that the panel answers at, with something real in the place of each of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from django.urls import URLPattern, URLResolver, get_resolver

PART = re.compile(r"\(\?P<(?P<regex>\w+)>[^)]*\)|<(?:\w+:)?(?P<name>\w+)>")


def patterns() -> list[str]:
    """The patterns of the resolver, each from the root: /admin/connections/account/<int:pk>/test/."""
    return sorted({f"/{one}" for one in _walk(get_resolver())})


def address(pattern: str, parts: Mapping[str, str]) -> str:
    """`pattern` with the value of `parts` at each of its names."""
    plain = pattern.replace("^", "").replace("$", "")
    return PART.sub(lambda part: parts[part["regex"] or part["name"]], plain)


def _walk(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield here
        else:
            yield from _walk(one, here)
