"""What may be looked at and never changed, or never deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from connections.admin.refusals import NobodyMay
from connections.models.rights import may

NEVER_DELETED = gettext_lazy("Nobody may delete this: the history refers to it. Nothing was changed.")
NOT_MADE_HERE = gettext_lazy("Nobody adds this by hand: it is written when it happens. Nothing was changed.")


class NeverDeletedAdmin(admin.ModelAdmin):
    """For what the history refers to."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise NobodyMay(NEVER_DELETED)


class ReadOnlyAdmin(NeverDeletedAdmin):
    """For people who may view connections; which rows of it, the queryset decides."""

    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "view_connection")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "view_connection")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise NobodyMay(NOT_MADE_HERE)
