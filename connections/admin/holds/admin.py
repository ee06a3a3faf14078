from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from connections.admin.holds import evidence, reach, wishes
from connections.admin.holds.listing import hold_list
from connections.admin.holds.page import hold_page
from connections.admin.holds.sight import hold_or_404, holds_of
from connections.admin.pages import Page, PagedAdmin, page_context
from connections.admin.readonly import ReadOnlyAdmin
from connections.models import Hold
from connections.web.origin import user_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
def progress_view(request: HttpRequest, pk: int) -> HttpResponse:
    """What changes on the hold's page, for its refresh."""
    context = hold_page(hold_or_404(request, pk), user_of(request), timezone.now())
    return TemplateResponse(request, "admin/holds/_refresh.html", context)


@admin.register(Hold)
class HoldAdmin(PagedAdmin, ReadOnlyAdmin):
    """Holds one may see, those that are on first. They begin on the confirm page and by the command, never here."""

    pages = (
        Page("<int:pk>/progress/", "progress", progress_view),
        *wishes.PAGES,
        *evidence.PAGES,
        *reach.PAGES,
    )

    @method_decorator(require_safe)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        found = hold_list(holds_of(request), user_of(request), timezone.now())
        context = page_context(request, Hold, title=_("Holds"), **found)
        return TemplateResponse(request, "admin/holds/list.html", context)

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        hold = hold_or_404(request, int(object_id) if object_id.isascii() and object_id.isdigit() else 0)
        found = hold_page(hold, user_of(request), timezone.now())
        context = page_context(request, Hold, title=found["headline"], **found)
        return TemplateResponse(request, "admin/holds/page.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:connections_auditevent_changelist"))
