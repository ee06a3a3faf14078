from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from connections.admin.history_filters import Filters, UnknownFilter, people, read_filters
from connections.admin.history_lines import days
from connections.admin.readonly import ReadOnlyAdmin
from connections.audit.export import as_json_lines
from connections.audit.words import ITEM_ACTIONS, WORDS
from connections.models import AuditEvent, AuditHead, StopRun
from connections.models.audit import AuditEventQuerySet

LINES_PER_PAGE = 50


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who asked for what, what was sent, what came back: append-only."""

    def get_queryset(self, request: HttpRequest) -> AuditEventQuerySet:
        return AuditEvent.objects.visible_to(request.user)

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export_view), name="connections_auditevent_export")
        return [export, *super().get_urls()]

    @method_decorator(require_safe)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        template = "admin/connections/auditevent/change_list.html"
        try:
            filters = read_filters(request.GET, cast(User, request.user))
        except UnknownFilter as error:
            context |= {"title": _("History"), "error": str(error)}
            return TemplateResponse(request, template, context, status=400)
        return TemplateResponse(request, template, {**context, **_page(request, filters)})

    @method_decorator(require_safe)
    def export_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Every line that the page's filters match, as JSON Lines, oldest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            filters = read_filters(request.GET, cast(User, request.user))
        except UnknownFilter as error:
            return HttpResponseBadRequest(f"{error}\n", content_type="text/plain; charset=utf-8")
        lines = (f"{line}\n" for line in as_json_lines(filters.events()))
        name = f"history-{timezone.now():%Y%m%dT%H%M%SZ}.jsonl"
        return StreamingHttpResponse(
            lines,
            content_type="application/jsonl; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )


def _page(request: HttpRequest, filters: Filters) -> dict[str, Any]:
    found = list(filters.page().select_related("actor", "connection", "run", "account")[: LINES_PER_PAGE + 1])
    shown = found[:LINES_PER_PAGE]
    return {
        "title": _title(filters),
        "filters": filters,
        "days": days(shown),
        "head": AuditHead.objects.get(),
        "visible_runs": set(_runs_of(shown, filters.viewer)),
        "older": _link(request, before=shown[-1].seq) if len(found) > len(shown) else "",
        "newest": _link(request, before=None) if filters.before is not None else "",
        "export_query": _link(request, before=None),
        "facets": _facets(request, filters),
        "kept": [(name, value) for name, value in request.GET.items() if name not in ("q", "before")],
        "sees_all": request.user.has_perm("connections.view_all_history"),
    }


def _runs_of(events: list[AuditEvent], viewer: User) -> Iterable[int]:
    ids = {event.run_id for event in events if event.run_id}
    return StopRun.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", flat=True)


def _title(filters: Filters) -> str:
    if filters.connection:
        return _("History of %s") % filters.connection
    if filters.run:
        return _("History of run %d") % filters.run.pk
    return _("History of %s") % filters.actor.get_username() if filters.actor else _("History")


def _facets(request: HttpRequest, filters: Filters) -> list[dict[str, Any]]:
    """The filters to choose from."""
    persons = [(str(user.pk), user.get_username()) for user in people(filters.viewer)]
    chosen = str(filters.actor.pk) if filters.actor else ""
    actions = [(key, str(words.name)) for key, words in WORDS.items() if filters.is_exact or key not in ITEM_ACTIONS]
    facets = [_facet(request, "action", _("Action"), _("Any"), filters.action, actions)]
    if persons:
        facets.insert(0, _facet(request, "actor", _("Person"), _("Everybody"), chosen, persons))
    return facets


def _facet(
    request: HttpRequest, key: str, name: str, nothing: str, chosen: str, values: list[tuple[str, str]]
) -> dict[str, Any]:
    """One filter: its name, the word for the chosen value or "", and word, link and whether chosen for each."""
    choices = [(nothing, _link(request, before=None, **{key: None}), not chosen)]
    choices += [(word, _link(request, before=None, **{key: value}), value == chosen) for value, word in values]
    return {"name": name, "chosen": dict(values).get(chosen, ""), "choices": choices}


def _link(request: HttpRequest, **changes: Any) -> str:
    """The page's own query with `changes`; None takes a filter away."""
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return f"?{query.urlencode()}"
