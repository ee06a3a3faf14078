"""Times and spans of time in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.template.defaultfilters import floatformat
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.remoteit import clocks

NOT_KNOWN = "\N{EN DASH}"
LONGEST_MEASURED_S = 120


def duration(value: float | timedelta | None) -> str:
    """`value`, seconds or a timedelta, in words: 42 s, 48 min, 7 h 42 min, 3 d 4 h. An en dash for None."""
    if value is None:
        return NOT_KNOWN
    seconds = int(max(value.total_seconds() if isinstance(value, timedelta) else value, 0))
    if seconds < 60:
        return _("%(s)d s") % {"s": seconds}
    if seconds < 3600:
        return _("%(min)d min") % {"min": seconds // 60}
    if seconds < 86400:
        return _("%(h)d h %(min)02d min") % {"h": seconds // 3600, "min": seconds % 3600 // 60}
    return _("%(d)d d %(h)d h") % {"d": seconds // 86400, "h": seconds % 86400 // 3600}


def seconds(value: float | None, places: int = 1) -> str:
    """`value` seconds as they were measured, with so many places: 3.8 s; from two minutes on as a duration."""
    if value is None or value >= LONGEST_MEASURED_S:
        return duration(value)
    return _("%(number)s s") % {"number": floatformat(value, places)}


def coarse(seconds: float) -> str:
    """`seconds` in its one largest unit."""
    for unit, name in ((86400, _("%d d")), (3600, _("%d h")), (60, _("%d min"))):
        if seconds >= unit:
            return name % (seconds // unit)
    return _("%d s") % seconds


def clock(when: datetime) -> str:
    """`when` to the second, without the day when it is today."""
    local = timezone.localtime(when)
    return local.strftime("%H:%M:%S" if _is_today(local.date()) else "%Y-%m-%d %H:%M:%S")


def _is_today(day: date) -> bool:
    return day == timezone.localdate()


def clock_of(when: datetime | None) -> str:
    """The exact time as bare text, for use inside a sentence."""
    return NOT_KNOWN if when is None else clock(when)


def clock_words(seconds: int | None) -> str:
    """What is to be said of this machine's clock, which is `seconds` ahead of remote.it's; "" when it is right."""
    if seconds is None or not clocks.is_off(seconds):
        return ""
    if seconds > 0:
        return _("This machine's clock is %d seconds ahead of remote.it's.") % seconds
    return _("This machine's clock is %d seconds behind remote.it's.") % -seconds
