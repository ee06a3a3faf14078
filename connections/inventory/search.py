"""Which connections are meant, by filters and a search, as an address names them.

What is not understood selects nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.inventory import pasted_lists
from connections.models import Account
from connections.models.connections import ConnectionQuerySet
from connections.models.states import OPEN_STATUSES, ConnectionStatus

DEFAULT_TAB = "open"
TABS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "open": (gettext_lazy("Open"), OPEN_STATUSES),
    "active": (gettext_lazy("Active"), (ConnectionStatus.ACTIVE,)),
    "stopping": (gettext_lazy("Stopping"), (ConnectionStatus.STOPPING,)),
    "unknown": (gettext_lazy("Unknown"), (ConnectionStatus.UNKNOWN,)),
    "stopped": (gettext_lazy("Stopped"), (ConnectionStatus.STOPPED,)),
    "ended": (gettext_lazy("Ended"), (ConnectionStatus.ENDED,)),
    "all": (gettext_lazy("All"), tuple(ConnectionStatus)),
}

PAST_END = "past-end"
OPEN_FOR: dict[str, tuple[Any, timedelta | None, timedelta | None]] = {
    "under-15m": (gettext_lazy("under 15 min"), None, timedelta(minutes=15)),
    "15m-1h": (gettext_lazy("15 min to 1 h"), timedelta(minutes=15), timedelta(hours=1)),
    "1h-4h": (gettext_lazy("1 to 4 h"), timedelta(hours=1), timedelta(hours=4)),
    "over-4h": (gettext_lazy("over 4 h"), timedelta(hours=4), None),
}
"""Spans of time open: from, and up to but without."""

NAMES = {
    "status": gettext_lazy("status"),
    "account": gettext_lazy("account"),
    "service": gettext_lazy("service"),
    "opened_by": gettext_lazy("opened by"),
    "open_for": gettext_lazy("open for"),
    "device": gettext_lazy("device"),
    "newer": gettext_lazy("newer than record"),
    "list": gettext_lazy("pasted list"),
}
COLUMNS = {"account": "account__name", "service": "service_name", "opened_by": "opened_by", "device": "device_name"}
OTHER_PARAMETERS = ("q", "o", "p")

IS_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class ListFilter:
    """The filters that are set, by name, and the search. `problems`: what was not understood, in words."""

    chosen: dict[str, str]
    query: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def tab(self) -> str:
        return self.chosen.get("status", DEFAULT_TAB)

    def apply(self, rows: ConnectionQuerySet, *, without: str = "") -> ConnectionQuerySet:
        """The `rows` that match; none of them when anything was not understood. `without`: the one filter left out."""
        if self.problems:
            return rows.none()
        if without != "status" and self.tab != "all":
            rows = rows.filter(status__in=TABS[self.tab][1])
        for name, value in self.chosen.items():
            if name != without and name != "status":
                rows = rows.filter(condition(name, value))
        for word in self.query.split():
            rows = rows.filter(_mentions(word))
        return rows


def parse(params: MultiValueDict[str, str]) -> ListFilter:
    """The filter that the address asks for. An unknown name or value, or a name given twice, is a problem."""
    chosen: dict[str, str] = {}
    problems = []
    for name, values in params.lists():
        if name in OTHER_PARAMETERS:
            continue
        problem = _problem(name, values)
        if problem:
            problems.append(problem)
        else:
            chosen[name] = values[0]
    query = params.get("q", "").strip()
    if "\0" in "".join([query, *chosen.values()]):
        problems.append(_("The address holds a character that no name or id has."))
    return ListFilter(chosen, query, problems)


def condition(name: str, value: str) -> Q:
    """The filter `name` with `value`, as a condition on connections."""
    if name == "open_for":
        now = timezone.now()
        if value == PAST_END:
            return Q(expires_at__lte=now, status__in=OPEN_STATUSES)
        return open_for_condition(value, "", now) & Q(status__in=OPEN_STATUSES)
    if name == "newer":
        return Q(pk__gt=int(value))
    if name == "list":
        return pasted_lists.condition_of(value)
    return Q(**{COLUMNS[name]: value})


def open_for_condition(value: str, prefix: str, now: Any) -> Q:
    """Open for the span `value` of OPEN_FOR at `now`; `prefix` leads to the connection."""
    _label, at_least, under = OPEN_FOR[value]
    wanted = Q()
    if at_least is not None:
        wanted &= Q(**{f"{prefix}opened_at__lte": now - at_least})
    if under is not None:
        wanted &= Q(**{f"{prefix}opened_at__gt": now - under})
    return wanted


def _problem(name: str, values: list[str]) -> str:
    if name not in NAMES:
        known = ", ".join(str(known) for known in NAMES.values())
        return _("The filter “%(name)s = %(value)s” is not known. Known are: %(known)s.") % {
            "name": name,
            "value": values[-1],
            "known": known,
        }
    if len(values) > 1:
        return _("The filter “%(name)s” is set %(count)d times.") % {"name": NAMES[name], "count": len(values)}
    if not _is_known(name, values[0]):
        return _("The filter “%(name)s” knows no “%(value)s”.") % {"name": NAMES[name], "value": values[0]}
    return ""


def _is_known(name: str, value: str) -> bool:
    match name:
        case "status":
            return value in TABS
        case "open_for":
            return value == PAST_END or value in OPEN_FOR
        case "newer":
            return is_key(value)
        case "list":
            return "\0" not in value and pasted_lists.exists(value)
        case "account":
            return "\0" not in value and Account.objects.filter(name=value).exists()
    return True


def is_key(value: str) -> bool:
    """Whether `value` is a record's key, as addresses and forms carry it."""
    return value.isascii() and value.isdigit() and len(value) < 19


def _mentions(word: str) -> Q:
    """`word` is the connection's id, or stands in its names, its opener, its address or at the start of its id.

    Looking inside names reads every row of the tab, which is what people search by; a whole id is found by its
    index.
    """
    if IS_ID.fullmatch(word):
        return Q(connection_key=word.lower())
    return (
        Q(device_name__icontains=word)
        | Q(service_name__icontains=word)
        | Q(opened_by__icontains=word)
        | Q(device_address__icontains=word)
        | Q(connection_key__startswith=word.lower())
    )
