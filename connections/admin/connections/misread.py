"""What the list says of a search that was not understood: where, why, and what may have been meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from connections.admin.connections import facets
from connections.inventory.grammar.fields import FIELDS
from connections.inventory.grammar.tokens import Fault
from connections.inventory.search import ListFilter


@dataclass(frozen=True)
class Mend:
    """Something that may have been meant, and the address of the list with it."""

    text: str
    url: str


def errors(chosen: ListFilter, params: QueryDict) -> dict[str, Any]:
    """What the template shows around the search box, in place of a list."""
    told = {fault.message for fault in chosen.faults}
    return {
        "echo": _echo(chosen.typed, chosen.faults),
        "faults": [
            {"fault": fault, "word": chosen.typed[fault.start : fault.end], "mends": _mends(chosen, fault, params)}
            for fault in chosen.faults
        ],
        "other_problems": [problem for problem in chosen.problems if problem not in told],
        "fields": FIELDS.values(),
        "kept_by_search": facets.kept(params),
    }


def _echo(typed: str, faults: tuple[Fault, ...]) -> SafeString:
    """`typed` from end to end, what is not understood marked. Where two faults meet, the second has no mark."""
    pieces: list[str] = []
    place = 0
    for number, fault in enumerate(faults, start=1):
        if fault.start >= place:
            word = format_html('<mark><a href="#fault-{}">{}</a></mark>', number, typed[fault.start : fault.end])
            pieces += [typed[place : fault.start], word]
            place = fault.end
    return format_html_join("", "{}", ((piece,) for piece in [*pieces, typed[place:]]))


def _mends(chosen: ListFilter, fault: Fault, params: QueryDict) -> list[Mend]:
    before, behind = chosen.typed[: fault.start], chosen.typed[fault.end :]
    others = {key: str(value) for key, value in params.items() if key not in ("q", "p")}
    return [Mend(mend, "?" + urlencode({"q": f"{before}{mend}{behind}"} | others)) for mend in fault.mends]
