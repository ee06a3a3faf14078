"""What recurs on the pages of runs: the way to one, its bars, the buttons that steer it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from connections.models.states import ItemState
from connections.templatetags.panel import bar, icon
from connections.words.states import STATE_ICONS

if TYPE_CHECKING:
    from collections.abc import Container

    from connections.models import Connection, StopRun
    from connections.stops.progress.tally import Tally

register = template.Library()


@register.simple_tag
def run_link(run: StopRun, visible: Container[int]) -> SafeString:
    """The run's name, and the way to it where it is among those `visible` to the reader."""
    if run.pk not in visible:
        return format_html("{}", run)
    return format_html('<a href="{}">{}</a>', reverse("admin:connections_stoprun_change", args=[run.pk]), run)


@register.simple_tag
def run_of(run: StopRun) -> SafeString:
    """The run's name and the way to it, for who is known to see it."""
    return run_link(run, {run.pk})


@register.simple_tag
def ticket_at(ticket: str) -> SafeString:
    """The way to `ticket` where the tickets are (TICKET_URL); nothing where that is not known."""
    if not (ticket and settings.TICKET_URL):
        return SafeString()
    address = settings.TICKET_URL.replace("{ticket}", quote(ticket, safe=""))
    return format_html('<a href="{}" rel="noreferrer">{}</a>', address, _("open the ticket"))


@register.simple_tag
def returned_as(key: str, back: Connection | None) -> SafeString:
    """The beginning of the id `key`, and the way to the connection `back` that has it, where that is known."""
    short = Truncator(key).chars(12)
    if back is None:
        return format_html('<span title="{}">{}</span>', key, short)
    return format_html(
        '<a href="{}" title="{}">{}</a>', reverse("admin:connections_connection_change", args=[back.pk]), key, short
    )


@register.simple_tag
def answers_bar(tally: Tally, *, tall: bool = False) -> SafeString:
    """The connections of a run by the API's answer; what is not sent yet stays empty."""
    return bar(
        total=tally.total,
        tall=tall,
        stopped=tally.states[ItemState.STOPPED],
        gone=tally.states[ItemState.ALREADY_GONE],
        trouble=tally.refused_or_failed,
        unknown=tally.states[ItemState.UNKNOWN],
        busy=tally.states[ItemState.SENDING],
    )


@register.filter
def verdict_icon(verdict: str) -> str:
    """The sprite's icon for a verdict, and for none yet."""
    return STATE_ICONS.get(verdict, verdict or "queued")


@register.filter
def help_icon(help_: str) -> str:
    """The sprite's icon for whether another try can help."""
    return {"can": "retry", "may": "unknown"}.get(help_, "cancel")


@register.filter
def cause_query(key: str) -> str:
    """The query that narrows what is stopped again to one cause."""
    return f"?cause={key}"


def tab_icon(tone: str) -> str:
    """The window's icon, which carries the colour of the worst."""
    return "connections/favicon-trouble.svg" if tone == "trouble" else "connections/favicon.svg"


@register.simple_block_tag
def steer(
    content: SafeString, run: StopRun, way: str, sign: str, css: str = "", title: str = "", query: str = ""
) -> SafeString:
    """A button that sends to one of a run's ways: `{% steer run "pause" "pause" %}Pause{% endsteer %}`.

    It belongs to the form `steer`, which stands outside of what the page refreshes. `sign` is an icon of the sprite;
    `query` what the address says beside the way.
    """
    return format_html(
        '<button type="submit" class="button{}" data-key="{}" form="steer" formaction="{}{}"{}>{}{}</button>',
        f" {css}" if css else "",
        way,
        reverse(f"admin:connections_stoprun_{way}", args=[run.pk]),
        query,
        format_html(' title="{}"', title) if title else "",
        icon(sign),
        content,
    )
