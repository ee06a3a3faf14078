"""Spans of time in a search: how long a connection has been open, and when it ends by itself."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.inventory.grammar.tokens import Value
from connections.models.connections import OPEN

PAST = "past"
UNITS = {"m": timedelta(minutes=1), "min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
SPAN = re.compile(r"(?:(>|<)=?)?(\d{1,5})(m|min|h|d)(?:-(\d{1,5})(m|min|h|d))?", re.IGNORECASE)


class Unclear(Exception):
    """A value that its field does not take. `mends`: values that may have been meant."""

    def __init__(self, message: str, *mends: str) -> None:
        super().__init__(message)
        self.mends = mends


def open_for_condition(value: str, prefix: str, now: Any) -> Q:
    """Open for the span `value` (`>4h`, `<15m`, `15m-1h`) at `now`; `prefix` leads to the connection."""
    at_least, under = spans(value)
    wanted = Q()
    if at_least is not None:
        wanted &= Q(**{f"{prefix}opened_at__lte": now - at_least})
    if under is not None:
        wanted &= Q(**{f"{prefix}opened_at__gt": now - under})
    return wanted


def spans(value: str) -> tuple[timedelta | None, timedelta | None]:
    """From which and up to which span `value` reaches, the second without. Raises Unclear."""
    found = SPAN.fullmatch(value)
    if found is None:
        raise Unclear(*_no_span(value))
    sign, first, unit, second, second_unit = found.groups()
    one = int(first) * UNITS[unit.lower()]
    if second is not None:
        other = int(second) * UNITS[second_unit.lower()]
        if sign or other <= one:
            raise Unclear(_("A span goes from the shorter to the longer time: 15m-1h."))
        return one, other
    if sign is None:
        raise Unclear(_("Say whether it is more or less than “%s”.") % value, f">{value}", f"<{value}")
    return (one, None) if sign == ">" else (None, one)


def _no_span(value: str) -> tuple[str, ...]:
    bare = re.fullmatch(r"([<>]?)=?(\d+)", value)
    if bare:
        sign = bare[1] or ">"
        message = _("“%s” has no unit: min, h or d.") % value
        return message, *(f"{sign}{bare[2]}{unit}" for unit in ("min", "h", "d"))
    return _("“%s” is no span of time: that is >4h, <15min or 1h-4h.") % value, ">4h", "<15min"


def read_span(value: Value) -> Value:
    spans(value.shown)
    return Value((value.shown.lower().replace("=", ""),))


def read_end(value: Value) -> Value:
    return Value((PAST,)) if value.shown.lower() == PAST else read_span(value)


def age_condition(value: Value) -> Q:
    return open_for_condition(value.shown, "", timezone.now()) & OPEN


def end_condition(value: Value) -> Q:
    now = timezone.now()
    if value.shown == PAST:
        return Q(expires_at__lte=now) & OPEN
    at_least, under = spans(value.shown)
    wanted = Q(expires_at__gt=now if at_least is None else now + at_least) & OPEN
    return wanted if under is None else wanted & Q(expires_at__lte=now + under)


def age_said(value: Value) -> str:
    at_least, under = spans(value.shown)
    if at_least is not None and under is not None:
        return _("%(from)s to %(to)s") % {"from": _time_said(at_least), "to": _time_said(under)}
    if at_least is not None:
        return _("at least %s") % _time_said(at_least)
    return _("under %s") % _time_said(under or timedelta())


def end_said(value: Value) -> str:
    if value.shown == PAST:
        return _("past their own end")
    return _("ending by themselves in %s") % age_said(value)


def _time_said(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes % 1440 == 0:
        return _("%d d") % (minutes // 1440)
    return _("%d h") % (minutes // 60) if minutes % 60 == 0 else _("%d min") % minutes
