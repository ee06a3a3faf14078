"""The list of connections: its rows, with what has to be said beside each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.admin.connections import facets
from connections.admin.connections.columns import COLUMNS
from connections.admin.connections.display import DENSITIES, ROWS, Display, display_of
from connections.admin.connections.filters import counted
from connections.admin.connections.folds import FOLD, same_in_all
from connections.admin.connections.groups import grouped
from connections.admin.connections.misread import errors
from connections.admin.connections.paste import PasteForm
from connections.admin.connections.saved import view_of, views_menu
from connections.inventory import search
from connections.inventory.grammar.tokens import Value
from connections.inventory.match import Match
from connections.live.standing import list_state, seen_of
from connections.models import Connection, HoldMember, StopItem
from connections.models.connections import ConnectionQuerySet
from connections.web.around.frame import frame_of
from connections.web.around.once import once
from connections.web.origin import user_of
from connections.words import counts as counting
from connections.words.connections import note_of_connection
from connections.words.counts import in_words


class ConnectionList(ChangeList):
    """Django's change list with our filters, search and counts."""

    chosen: search.ListFilter
    root_queryset: ConnectionQuerySet
    read_at: datetime
    display: Display
    same: Mapping[str, tuple[Any, str]] = {}
    """The columns that are folded into one line, since all rows have the same there: their title and that value."""
    counts: counted.Counts
    newest: int
    """The key of the newest record, of any account, when the rows were read."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> ConnectionQuerySet:
        self.chosen = search.read(request.GET, request.user)
        self.query = self.chosen.typed
        found = self.chosen.apply(self.root_queryset).select_related("account")
        return found.order_by(*self.get_ordering(request, found))

    def get_results(self, request: HttpRequest) -> None:
        self.read_at = timezone.now()
        self.display = display_of(request, view_of(request), self.list_per_page)
        self.list_per_page = self.display.rows
        self.count_rows(request)
        self.newest = self.counts.newest
        self.result_list = list(with_holds(self.page.object_list))
        add_notes(self.result_list)

    def count_rows(self, request: HttpRequest, newer_than: int | None = None) -> None:
        """Count what the list and its tabs have, and find the page; `newer_than` as in `facets.counts`."""
        self.counts = counted.counts(self.chosen, self.root_queryset, newer_than)
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        self.paginator.count = self.counts.shown
        self.page = self.paginator.get_page(self.page_num)
        self.page_num = self.page.number
        self.result_count = self.paginator.count

    @property
    def count_in_words(self) -> str:
        return in_words(self.result_count, self.most)

    @property
    def is_capped(self) -> bool:
        return self.result_count > self.most

    @property
    def most(self) -> int:
        """Up to which number the rows were counted."""
        return self.counts.most.get(self.chosen.tab, counting.CAP)

    @property
    def count_sent(self) -> int | str:
        """What the form says later that this list had shown: "" where it was not counted to its end."""
        return "" if self.is_capped else self.result_count

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What the template shows of each connection."""
        return [_row(connection, self.display.cells) for connection in self.result_list]

    def context(self, request: HttpRequest) -> dict[str, Any]:
        """What the page shows around the rows; nothing, where the address was not understood."""
        params, page, match = request.GET, self.page, self.chosen.match
        if self.chosen.problems:
            return errors(self.chosen, params)
        shown = {**self.parts(request), **grouped(self.chosen, self.chosen.apply(self.root_queryset), params)}
        menus, listed = facets.menus(self.chosen, self.root_queryset, params)
        wished = self.display
        if not shown["group_field"] and params.get(FOLD) != "off":
            self.same = same_in_all(listed, self.result_count, self.display)
            self.display = self.display.without(self.same)
        return {
            **shown,
            "same": [(title, value) for title, value in self.same.values()],
            "unfolded": self.get_query_string({FOLD: "off"}),
            "headers": _headers(self),
            "display": self.display,
            "column_choices": wished.choices(),
            "densities": DENSITIES.items(),
            "rows_offered": ROWS,
            **views_menu(request),
            "menus": menus,
            "chips": facets.chips(self.chosen, params),
            "paste_form": PasteForm(),
            "without_filter": facets.address(params, Match()),
            "all_statuses": facets.address(params, match.having("status", Value(("all",)))),
            "kept_by_search": facets.kept(params),
            "is_narrowed": match.is_narrowed,
            "is_empty_panel": not self.result_count and not self.root_queryset.exists(),
            "previous": self._page_address(page.number - 1) if page.has_previous() else "",
            "next": self._page_address(page.number + 1) if page.has_next() else "",
        }

    def parts(self, request: HttpRequest) -> dict[str, Any]:
        """What changes around the rows while they are looked at: counts, and what the lists are worth."""
        return {
            "tabs": facets.tabs(self.chosen, self.counts, request.GET),
            "lists": list_state(self.chosen.accounts(user_of(request)), has_worker=once(request, frame_of).has_worker),
        }

    @property
    def since(self) -> str:
        """When the rows were read, in seconds since 1970, as the refresh wants it."""
        return f"{self.read_at.timestamp():.6f}"

    def _page_address(self, number: int) -> str:
        return self.get_query_string({"p": number})


class RefreshedList(ConnectionList):
    """The list without rows: a page that is looked at has its own, and asks for those."""

    def get_results(self, request: HttpRequest) -> None:
        self.read_at, self.result_list = timezone.now(), []
        self.display = display_of(request, view_of(request), self.list_per_page)
        self.list_per_page = self.display.rows


def list_of(request: HttpRequest) -> ConnectionList:
    """The list that the address of `request` asks for."""
    return cast(ConnectionList, admin.site.get_model_admin(Connection).get_changelist_instance(request))


def add_notes(connections: list[Connection]) -> None:
    """Give each connection its `note` and when it was last `seen`: with all runs looked up at once.

    Their accounts must be there already.
    """
    latest, now = latest_items(connections), timezone.now()
    for connection in connections:
        connection.seen = seen_of(connection, now)  # type: ignore[attr-defined]
        connection.note = note_of_connection(connection, latest.get(connection.pk))  # type: ignore[attr-defined]


def with_holds(connections: ConnectionQuerySet) -> ConnectionQuerySet:
    """Each with `is_held`: whether a hold is on for its service."""
    members = HoldMember.objects.filter(
        hold__ended_at=None, account=OuterRef("account"), service_key=Lower(OuterRef("device_address"))
    )
    return connections.annotate(is_held=Exists(members.order_by()))


def latest_items(connections: list[Connection]) -> dict[int, StopItem]:
    """The last item of a started run that had each connection, by the connection's key. Skipped ones never had it."""
    items = StopItem.objects.covered().filter(connection__in=connections).order_by("pk")
    return {item.connection_id: item for item in items}


def _row(connection: Any, cells: list[Any]) -> dict[str, Any]:
    is_gone, has_changed = getattr(connection, "is_gone", False), getattr(connection, "has_changed", False)
    facts = {"connection": connection, "service": connection.service_name}
    return {
        "key": connection.pk,
        "id": connection.connection_id,
        "css": "changed-row gone-row" if is_gone else "changed-row" if has_changed else "",
        "select": _("Select %(connection)s, %(service)s") % facts,
        "cells": [{"name": cell.__name__, "label": cell.label, "value": cell(connection)} for cell in cells],
    }


def _headers(changes: ConnectionList) -> list[dict[str, Any]]:
    """The heads of the columns that are shown. One click sorts by that alone; `url_more` puts it behind the others."""
    found = list(result_headers(changes))[-len(COLUMNS) :]
    by_name = dict(zip((cell.__name__ for cell in COLUMNS), found, strict=True))
    return [_header(changes, name, by_name[name]) for name in changes.display.columns]


def _header(changes: ConnectionList, name: str, header: dict[str, Any]) -> dict[str, Any]:
    ascending = header.get("ascending")
    # Sorted by the time of opening: the oldest first is the longest open first.
    shown = not ascending if name == "open_for" else ascending
    number = [getattr(cell, "__name__", cell) for cell in changes.list_display].index(name)
    sorted_by = [part for part in changes.params.get(ORDER_VAR, "").split(".") if part]
    behind = [part for part in sorted_by if part.lstrip("-") != str(number)]
    this = f"-{number}" if header.get("sorted") and ascending else str(number)
    return {
        **header,
        "name": name,
        "direction": ("ascending" if shown else "descending") if header.get("sorted") else "",
        "url_alone": changes.get_query_string({ORDER_VAR: this}, ["p"]),
        "url_more": changes.get_query_string({ORDER_VAR: ".".join([*behind, this])}, ["p"]),
    }
