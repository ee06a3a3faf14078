"""What every page says in the same way: icons, states, times, numbers, bars."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django import template
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from connections.models.states import ConnectionStatus
from connections.words import counts, times, zones
from connections.words.states import STATE_ICONS, STATE_WORDS
from connections.words.times import NOT_KNOWN, clock, coarse, duration

if TYPE_CHECKING:
    from connections.models import Connection

register = template.Library()
register.simple_tag(times.duration)
register.simple_tag(times.seconds)
register.simple_tag(times.clock_of)
register.filter(counts.number)

BAR_LENGTH = 1000


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


@register.simple_block_tag
def note(content: SafeString, kind: str, sign: str, key: object = "", role: str = "") -> SafeString:
    """A note beside an icon: `{% note "warning" "clock" %}…{% endnote %}`.

    `kind` is "", `warning`, `error`, `unknown` or `success`; `sign` an icon of the sprite. With a `key` a page that
    refreshes itself knows the note again; `role="alert"` is for what a form answers.
    """
    return format_html(
        '<div class="note{}"{}{}>{}<div>{}</div></div>',
        f" {kind}" if kind else "",
        format_html(' data-key="{}"', key) if key else "",
        format_html(' role="{}"', role) if role else "",
        icon(sign),
        content,
    )


@register.simple_block_tag
def pager(
    content: SafeString, back: str = "", on: str = "", *, by_time: bool = False, both: bool = False, label: str = ""
) -> SafeString:
    """`{% pager previous next %}Rows 1-50 of 70{% endpager %}`: where one is in a long list, and the ways back and on.

    Both ways are addresses, "" where there is none. `by_time=True` calls them "Newest" and "Older", `both=True` shows
    one that leads nowhere, greyed; `label` is what the pages are of, where that is not plain.
    """
    context = {"content": content, "back": back, "on": on, "by_time": by_time, "both": both, "label": label}
    return render_to_string("admin/parts/_pager.html", context)


@register.simple_block_tag
def facet(content: SafeString, title: str, chosen: object = None, name: str = "") -> SafeString:
    """A menu of a list's filters: `{% facet "Account" chosen %}<ul>…</ul>{% endfacet %}`.

    `chosen`: what it is narrowed to, None for nothing. `name`: what keyboard and tests know it by.
    """
    return format_html(
        '<details class="facet{}"{}><summary><span>{}{}</span>{}</summary><div class="popover">{}</div></details>',
        "" if chosen is None else " set",
        format_html(' data-filter-title="{}"', name) if name else "",
        title,
        "" if chosen is None else format_html(": <b>{}</b>", chosen),
        icon("down"),
        content,
    )


@register.filter
def selected(choices: list[dict[str, Any]]) -> object:
    """The words of the choice that is made in a filter of Django's, whose first one is "All": None for that."""
    return next((choice["display"] for choice in choices[1:] if choice["selected"]), None)


@register.simple_tag
def breadcrumbs(*steps: str) -> SafeString:
    """The way to a page: `{% breadcrumbs address name address name … name_of_the_page %}`.

    An address is a path or the name of a URL.
    """
    *ways, here = steps
    pairs = zip(map(resolve_url, ways[::2]), ways[1::2], strict=True)
    links = format_html_join("", '<li><a href="{}">{}</a></li>', pairs)
    return format_html('<ol class="breadcrumbs">{}<li>{}</li></ol>', links, here)


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
def open_for(opened_at: datetime | None, until: datetime | None = None) -> SafeString | str:
    """How long something opened at `opened_at` was open by `until`, or is by now, with the opening in the title."""
    if opened_at is None:
        return NOT_KNOWN
    return _time(opened_at, duration((until or timezone.now()) - opened_at))


@register.simple_tag
def last_seen(connection: Any) -> SafeString | str:
    """When a connection of a list was last known to be there, by its `seen`; and how, where no list showed it."""
    seen = connection.seen
    if seen.before:
        return format_html(_("before {}"), at(seen.at))
    if seen.late:
        return format_html('<span class="late">{}</span>', ago(seen.at))
    how = "" if seen.listed else format_html(' <span class="sub">{}</span>', connection.get_known_by_display())
    return format_html("{}{}", ago(seen.at), how)


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
def zone_in_force() -> str:
    """The time zone in which the page tells its times, with its present offset."""
    return zones.in_words(timezone.get_current_timezone(), timezone.now())
