"""What every page says in the same way: icons, states, times, numbers, bars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from django import template
from django.template.defaultfilters import floatformat
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.models.states import ConnectionStatus, ItemState, Verdict
from connections.words import zones

if TYPE_CHECKING:
    from connections.models import Connection

register = template.Library()

STATE_ICONS = {
    "already_gone": "already",
    "cancelled": "cancel",
    "confirmed_gone": "gone",
    "still_alive": "alive",
    "came_back": "back",
    "running": "sending",
    "paused": "pause",
    "done": "stopped",
    "complete": "gone",
    "incomplete": "warning",
}
"""The sprite's icon for a state whose icon has another name than itself."""

STATE_WORDS = {
    **dict(ConnectionStatus.choices),
    **dict(ItemState.choices),
    **dict(Verdict.choices),
    "running": gettext_lazy("running"),
    "paused": gettext_lazy("paused"),
    "done": gettext_lazy("done"),
    "complete": gettext_lazy("complete"),
    "incomplete": gettext_lazy("incomplete"),
}

BAR_LENGTH = 1000
NOT_KNOWN = "\N{EN DASH}"
LONGEST_MEASURED_S = 120


@register.simple_tag
@lru_cache(maxsize=500)  # some stand a thousand times on a page
def icon(name: str, css: str = "") -> SafeString:
    """The sprite's icon `name`, for the eye only: the words stand beside it."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {css}" if css else "",
        static("connections/icons.svg"),
        name,
    )


@register.simple_tag
def status(state: str, text: str = "") -> SafeString:
    """Icon and word of a connection's, an item's or a run's state; `text` replaces the word."""
    return format_html(
        '<span class="status status-{}">{}{}</span>',
        state,
        icon(STATE_ICONS.get(state, state)),
        text or STATE_WORDS.get(state, state),
    )


@register.simple_tag
def standing(connection: Connection) -> SafeString:
    """Icon and word of a connection's status; one that may be gone is not sold as active."""
    if connection.status == ConnectionStatus.ACTIVE and connection.is_past_expiry:
        return status("unverified", _("past its end"))
    if connection.status == ConnectionStatus.ACTIVE and not connection.account.covers(connection.list_scope):
        return status("unverified", _("outside the list"))
    return status(connection.status)


@register.simple_tag
def ago(at: datetime | None) -> SafeString | str:
    """How long ago `at` was, with the exact time in the title. An en dash for None."""
    if at is None:
        return NOT_KNOWN
    seconds = (timezone.now() - at).total_seconds()
    text = _("now") if -1 < seconds < 1 else _("%(time)s ago") % {"time": coarse(seconds)}
    if seconds <= -1:
        text = _("in %(time)s") % {"time": coarse(-seconds)}
    return _time(at, text)


@register.simple_tag
def at(when: datetime | None) -> SafeString | str:
    """The exact time, without the day when it is today. An en dash for None."""
    if when is None:
        return NOT_KNOWN
    return _time(when, clock(when))


@register.simple_tag
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


@register.simple_tag
def seconds(value: float | None, places: int = 1) -> str:
    """`value` seconds as they were measured, with so many places: 3.8 s; from two minutes on as a duration."""
    if value is None or value >= LONGEST_MEASURED_S:
        return duration(value)
    return _("%(number)s s") % {"number": floatformat(value, places)}


@register.simple_tag
def open_for(opened_at: datetime | None, until: datetime | None = None) -> SafeString | str:
    """How long something opened at `opened_at` was open by `until`, or is by now, with the opening in the title."""
    if opened_at is None:
        return NOT_KNOWN
    return _time(opened_at, duration((until or timezone.now()) - opened_at))


@register.simple_tag
def bar(*, total: int, tall: bool = False, **parts: int) -> SafeString:
    """A bar of `total`, filled by `parts` in their order.

    A part's name is its colour: `plain`, or one of the sheet's `f-…` classes without the prefix (stopped, gone,
    trouble, unknown, busy, track). Sizes are attributes, so that no inline style is needed.
    """
    rects = []
    x = 0.0
    for name, count in parts.items():
        width = BAR_LENGTH * count / total if total else 0.0
        rects.append((f"{x:.1f}", f"{width:.1f}", "" if name == "plain" else f"f-{name}"))
        x += width
    return format_html(
        '<svg class="bar{}" viewBox="0 0 {} 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        " tall" if tall else "",
        f"{BAR_LENGTH:d}",
        format_html_join("", '<rect x="{}" y="0" width="{}" height="10" class="{}"/>', rects),
    )


@register.filter
def name(text: object) -> SafeString:
    """A name from outside: in the direction in which it is written, and of no effect on what stands beside it."""
    return format_html('<bdi class="name">{}</bdi>', text) if str(text or "") else SafeString("")


@register.filter
def number(count: int) -> str:
    """`count` with its thousands separated."""
    return str(number_format(count, force_grouping=True))


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


def _time(at: datetime, text: str) -> SafeString:
    local = timezone.localtime(at)
    zone = "UTC" if local.tzinfo == UTC or not local.utcoffset() else local.strftime("%z")
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>',
        local.isoformat(timespec="seconds"),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        zone,
        text,
    )


@register.filter
def message_icon(level_tag: str) -> str:
    """The sprite's icon for a message of this level."""
    return {"success": "stopped", "warning": "warning", "error": "error"}.get(level_tag, "info")


@register.simple_tag
def clock_of(when: datetime | None) -> str:
    """The exact time as bare text, for use inside a sentence."""
    return NOT_KNOWN if when is None else clock(when)


@register.simple_tag
def zone_in_force() -> str:
    """The time zone in which the page tells its times, with its present offset."""
    return zones.in_words(timezone.get_current_timezone(), timezone.now())
