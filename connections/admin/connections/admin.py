from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from connections.admin.connections import paste
from connections.admin.connections.add import AddsConnections
from connections.admin.connections.change_list import ConnectionList
from connections.admin.connections.columns import COLUMNS
from connections.admin.connections.imports import ImportsFiles
from connections.admin.connections.openings import OpensConnections
from connections.admin.connections.page import connection_page
from connections.admin.connections.refresh import RefreshesList
from connections.admin.pages import PagedAdmin
from connections.admin.readonly import ReadOnlyAdmin
from connections.admin.refusals import Lacks
from connections.admin.stop_form import StopForm, as_count
from connections.inventory import search
from connections.models import Connection
from connections.models.connections import ConnectionQuerySet
from connections.models.rights import may
from connections.models.runs import new_key
from connections.stops import plan
from connections.web.origin import user_of, web_origin
from connections.words.counts import CappedPaginator


@admin.register(Connection)
class ConnectionAdmin(AddsConnections, ImportsFiles, OpensConnections, RefreshesList, PagedAdmin, ReadOnlyAdmin):
    """The list, from which connections are stopped, and a connection's own page."""

    pages = paste.PAGES

    list_display = COLUMNS
    list_per_page = 50
    paginator = CappedPaginator
    actions = ("stop_selected",)  # type: ignore[assignment]

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "stop_connection")

    def get_queryset(self, request: HttpRequest) -> ConnectionQuerySet:
        return Connection.objects.visible_to(request.user)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ConnectionList]:
        return ConnectionList

    def get_urls(self) -> list[URLPattern]:
        stop = path("<int:pk>/stop/", self.admin_site.admin_view(self.stop_view), name="connections_connection_stop")
        return [stop, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.check_may_see(request)
        if request.method == "POST":
            return self._act(request)
        changes = self.changes(request)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Connections"),
            "may_stop": self.has_stop_permission(request),
            "cl": changes,
            **changes.context(request),
        }
        template = "admin/connections/list.html"
        return TemplateResponse(request, template, context, status=400 if changes.chosen.problems else 200)

    def _act(self, request: HttpRequest) -> HttpResponse:
        """Do what was sent. Rows that were ticked count as ticked, even when they left the filter since."""
        if not self.has_stop_permission(request):
            raise Lacks("stop_connection")
        back = HttpResponseRedirect(request.get_full_path())
        changes = self.changes(request)
        ticked = request.POST.getlist("_selected_action")
        if changes.chosen.problems:
            return back  # the list says what it did not understand
        if request.POST.get("action") != "stop_selected":
            messages.error(request, _("That action is not known. Nothing was sent."))
            return back
        if request.POST.get("select_across") == "1":
            return self.stop_selected(request, changes.queryset)
        if not ticked or not all(search.is_key(pk) for pk in ticked):
            messages.error(request, _("No connection was selected. Nothing was sent."))
            return back
        return self.stop_selected(request, self.get_queryset(request).filter(pk__in=ticked).order_by("opened_at", "pk"))

    @admin.action(description=gettext_lazy("Stop selected connections"), permissions=["stop"])
    def stop_selected(self, request: HttpRequest, queryset: ConnectionQuerySet) -> HttpResponse:
        """Freeze the list and go to the page that asks. `shown`: how many the list had said there are."""
        selector = {"door": "web", "by": "ticked", "shown": len(request.POST.getlist("_selected_action"))}
        if request.POST.get("select_across") == "1":
            chosen = search.parse(request.GET)
            shown = request.POST.get("shown", "")
            selector = {
                "door": "web",
                "by": "filter",
                "filter": chosen.chosen,
                "query": chosen.query,
                "shown": as_count(shown),
            }
        run = plan.draft(user_of(request), queryset, selector)
        return HttpResponseRedirect(reverse("admin:connections_stoprun_confirm", args=[run.key]))

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        connection = self._get(request, object_id)
        return self._page(request, connection, StopForm(initial={"key": new_key()}))

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop one connection. The same form sent twice leads to the same run."""
        connection = self._get(request, str(pk))
        page = HttpResponseRedirect(reverse("admin:connections_connection_change", args=[pk]))
        if request.method != "POST":
            return page
        if not self.has_stop_permission(request):
            raise Lacks("stop_connection")
        form = StopForm(request.POST)
        if form.is_valid():
            try:
                run = plan.stop_one(user_of(request), connection, origin=web_origin(request), **form.cleaned_data)
            except plan.CannotStart as error:
                form.add_error(None, str(error))
            else:
                return HttpResponseRedirect(reverse("admin:connections_stoprun_change", args=[run.pk]))
        return self._page(request, connection, form)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        connection = self._get(request, object_id)
        return HttpResponseRedirect(reverse("admin:connections_auditevent_changelist") + f"?connection={connection.pk}")

    def _get(self, request: HttpRequest, object_id: str) -> Connection:
        self.check_may_see(request)
        if not search.is_key(object_id):
            raise Http404
        return get_object_or_404(self.get_queryset(request).select_related("account"), pk=int(object_id))

    def _page(self, request: HttpRequest, connection: Connection, form: StopForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(connection),
            "may_stop": self.has_stop_permission(request),
            "form": form,
            **connection_page(connection, user_of(request)),
        }
        return TemplateResponse(request, "admin/connections/page.html", context)
