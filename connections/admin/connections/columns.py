"""The columns of the list, in their order: each is declared here alone, with its head, sorting, cells and label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.models import Connection
from connections.models.states import ConnectionStatus
from connections.templatetags import panel
from connections.words.times import NOT_KNOWN

Cell = Callable[[Any], SafeString | str]

COLUMNS: list[Any] = []
"""For each column what writes its cells."""


def column(head: Any, *, order: str | None = None, label: Any = "", is_default: bool = True) -> Callable[[Cell], Cell]:
    """Makes a column of the function that writes its cells; its name is theirs in the style sheet.

    `order`: the field by which it is sorted, None where it is not. `label`: what stands before a cell on a phone, where
    rows are cards without heads. `is_default`: whether it is shown to who has chosen no columns.
    """

    def declare(cell: Cell) -> Cell:
        cell.label = label  # type: ignore[attr-defined]
        cell.is_default = is_default  # type: ignore[attr-defined]
        COLUMNS.append(admin.display(description=head, ordering=order)(cell))
        return cell

    return declare


@column(gettext_lazy("Device and service"), order="device_name")
def device(connection: Connection) -> SafeString:
    return format_html(
        '<a href="{}">{}</a> <span class="sub">{}</span>',
        reverse("admin:connections_connection_change", args=[connection.pk]),
        panel.name(connection),
        panel.name(connection.service_name) or NOT_KNOWN,
    )


@column(gettext_lazy("Status"), order="status")
def status(connection: Any) -> SafeString:
    note = connection.note
    if not note and connection.seen.late:
        note = format_html(_("as of {}"), panel.at(connection.seen.at))
    shown = format_html('<span class="status-note">{}</span>', note) if note else ""
    held = format_html(' <span class="tag">{}</span>', _("held")) if getattr(connection, "is_held", False) else ""
    return format_html("{}{} {}", panel.standing(connection), held, shown)


@column(gettext_lazy("Account"))
def account(connection: Connection) -> SafeString:
    return panel.name(connection.account)


@column(gettext_lazy("Opened by"), order="opened_by")
def opened_by(connection: Connection) -> SafeString | str:
    return panel.name(connection.opened_by) or NOT_KNOWN


@column(gettext_lazy("Open for"), order="opened_at")
def open_for(connection: Connection) -> SafeString | str:
    match connection.status:
        case ConnectionStatus.ENDED:
            return NOT_KNOWN
        case ConnectionStatus.STOPPED:
            return panel.open_for(connection.opened_at, connection.status_at)
    return panel.open_for(connection.opened_at)


@column(gettext_lazy("Last known"))
def last_seen(connection: Any) -> SafeString | str:
    tag = '<span class="tag changed">{}</span>'
    if getattr(connection, "has_changed", False):
        return format_html(tag, format_html(_("changed {}"), panel.ago(connection.status_at)))
    if getattr(connection, "is_gone", False):
        return format_html(tag, _("does not match any more"))
    return panel.last_seen(connection)


@column(gettext_lazy("Service address"), order="device_address")
def address(connection: Connection) -> str:
    return connection.device_address


@column(gettext_lazy("Ends by itself"), label=gettext_lazy("ends"), is_default=False)
def ends(connection: Connection) -> SafeString | str:
    return panel.at(connection.expires_at)


@column(gettext_lazy("Connection id"), is_default=False)
def connection_id(connection: Connection) -> str:
    return connection.connection_id
