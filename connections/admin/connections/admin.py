from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from connections.admin.connections import display, export, imports, openings, paste, refresh, saved
from connections.admin.connections.add import add_view
from connections.admin.connections.change_list import ConnectionList, RefreshedList, list_of
from connections.admin.connections.columns import COLUMNS
from connections.admin.connections.one import views as one
from connections.admin.connections.sight import connection_or_404, connections_of, may_and_see, ticked_in
from connections.admin.pages import PagedAdmin, page_context
from connections.admin.readonly import ReadOnlyAdmin
from connections.admin.refusals import Lacks
from connections.admin.stop_form import as_count
from connections.inventory import search
from connections.models import Connection
from connections.models.connections import ConnectionQuerySet
from connections.models.rights import may
from connections.stops import plan
from connections.web.origin import user_of
from connections.words.counts import CappedPaginator


@admin.register(Connection)
class ConnectionAdmin(PagedAdmin, ReadOnlyAdmin):
    """The list, from which connections are stopped, and a connection's own page."""

    pages = (
        *display.PAGES,
        *export.PAGES,
        *imports.PAGES,
        *openings.PAGES,
        *paste.PAGES,
        *refresh.PAGES,
        *saved.PAGES,
        *one.PAGES,
    )
    list_display = COLUMNS
    list_per_page = 50
    paginator = CappedPaginator
    actions = ("stop_selected",)  # type: ignore[assignment]

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "stop_connection")

    def get_queryset(self, request: HttpRequest) -> ConnectionQuerySet:
        return Connection.objects.visible_to(request.user)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ConnectionList]:
        return RefreshedList if request.path.endswith("/refresh/") else ConnectionList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        connections_of(request)
        if request.method == "POST":
            return self._act(request)
        changes = list_of(request)
        context = page_context(
            request,
            Connection,
            title=_("Connections"),
            may_stop=self.has_stop_permission(request),
            cl=changes,
            **changes.context(request),
        )
        template = "admin/connections/list.html"
        return TemplateResponse(request, template, context, status=400 if changes.chosen.problems else 200)

    def _act(self, request: HttpRequest) -> HttpResponse:
        """Do what was sent. Rows that were ticked count as ticked, even when they left the filter since."""
        if not self.has_stop_permission(request):
            raise Lacks("stop_connection")
        back = HttpResponseRedirect(request.get_full_path())
        changes = list_of(request)
        ticked = ticked_in(request)
        if changes.chosen.problems:
            return back  # the list says what it did not understand
        if request.POST.get("action") != "stop_selected":
            messages.error(request, _("That action is not known. Nothing was sent."))
            return back
        if request.POST.get("select_across") == "1":
            return self.stop_selected(request, changes.queryset)
        if not ticked:
            messages.error(request, _("No connection was selected. Nothing was sent."))
            return back
        return self.stop_selected(request, self.get_queryset(request).filter(pk__in=ticked).order_by("opened_at", "pk"))

    @admin.action(description=gettext_lazy("Stop selected connections"), permissions=["stop"])
    def stop_selected(self, request: HttpRequest, queryset: ConnectionQuerySet) -> HttpResponse:
        """Freeze the list and go to the page that asks. `shown`: how many the list had said there are."""
        selector = {"door": "web", "by": "ticked", "shown": len(ticked_in(request))}
        if request.POST.get("select_across") == "1":
            shown = as_count(request.POST.get("shown", ""))
            selector = {
                "door": "web",
                "by": "filter",
                "match": search.read(request.GET, request.user).match.text,
                "shown": shown,
            }
        run = plan.draft(user_of(request), queryset, selector)
        return HttpResponseRedirect(reverse("admin:connections_stoprun_confirm", args=[run.key]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_and_see(request, "add_connection")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return add_view(request)

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return one.page_view(request, object_id)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        connection = connection_or_404(request, object_id)
        return HttpResponseRedirect(reverse("admin:connections_auditevent_changelist") + f"?connection={connection.pk}")
