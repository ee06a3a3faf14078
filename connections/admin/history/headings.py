"""What a page of the history is called, and what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.html import format_html
from django.utils.translation import gettext as _

from connections.admin.history.facets import period
from connections.templatetags.panel import name

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from connections.audit.search import Filters


def title(filters: Filters) -> str:
    if filters.connection:
        return _("History of %s") % filters.connection
    if filters.device:
        return _("History of %s") % filters.device
    if filters.run:
        return _("History of run %d") % filters.run.pk
    if filters.hold:
        return _("History of hold %d") % filters.hold.pk
    if filters.line:
        return _("Line %d of the history") % filters.line
    if filters.group:
        return _("History of the group %s") % filters.group.name
    return _("History of %s") % filters.actor.get_username() if filters.actor else _("History")


def subject(filters: Filters) -> list[SafeString | str]:
    """What its lines are, and of what time."""
    return [part for part in (*_lines_of(filters), period(filters)) if part]


def _lines_of(filters: Filters) -> list[SafeString | str]:
    if filters.connection:
        connection = filters.connection
        number = format_html('<span class="verbatim">{}</span>', connection.connection_id)
        return [name(connection.service_name), str(connection.account), number]
    if filters.run or (filters.device and not filters.actor):
        return [_("every line, each attempt by itself")]
    if filters.actor:
        return [filters.actor.get_full_name() or filters.actor.email or filters.actor.get_username()]
    if filters.line:
        return [_("with its hash, and the text that was hashed")]
    if filters.group:
        return [_("who changed it, and what its members may do since")]
    return [_("everybody")]
