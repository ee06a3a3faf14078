from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from connections.admin.history import verification
from connections.admin.history.export import download
from connections.admin.history.facets import chips, kept, link, menus, period, periods
from connections.admin.history.form import HistoryForm, UnknownFilter
from connections.admin.history.headings import subject, title
from connections.admin.history.people import people_of
from connections.admin.history.rows import days
from connections.admin.readonly import ReadOnlyAdmin
from connections.admin.refusals import Lacks
from connections.audit.search import Filters
from connections.models import AuditEvent, AuditHead
from connections.models.audit import AuditEventQuerySet
from connections.models.rights import NOTHING_CHANGED, may
from connections.stops.progress.summary import Summary, summarize
from connections.web.origin import user_of
from connections.words.counts import count_capped, in_words

LINES_PER_PAGE = 50


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who asked for what, what was sent, what came back: append-only."""

    def get_queryset(self, request: HttpRequest) -> AuditEventQuerySet:
        return AuditEvent.objects.visible_to(request.user)

    def get_urls(self) -> list[URLPattern]:
        export, verify = self.admin_site.admin_view(self.export_view), self.admin_site.admin_view(verification.verify)
        return [
            path("export/", export, {"form": "jsonl"}, name="connections_auditevent_export"),
            path("export/csv/", export, {"form": "csv"}, name="connections_auditevent_export_csv"),
            path("verify/", verify, name="connections_auditevent_verify"),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._check(request)
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        template = "admin/history/list.html"
        try:
            form = HistoryForm(request.GET, user_of(request))
            filters = form.filters()
        except UnknownFilter as error:
            context |= {"title": _("History"), "error": str(error)}
            return TemplateResponse(request, template, context, status=400)
        return TemplateResponse(request, template, {**context, **_page(request, form, filters)})

    @method_decorator(require_safe)
    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """To the line's place in the history, which says whether it may be seen."""
        self._check(request)
        return HttpResponseRedirect(
            f"{reverse('admin:connections_auditevent_changelist')}?{urlencode({'line': object_id})}"
        )

    history_view = change_view

    @method_decorator(require_POST)
    def export_view(self, request: HttpRequest, form: str) -> HttpResponse | StreamingHttpResponse:
        """Every line that the page's filters match, oldest first. A POST: it writes a line, and a link must not."""
        self._check(request)
        try:
            filters = HistoryForm(request.GET, user_of(request)).filters()
        except UnknownFilter as error:
            return HttpResponseBadRequest(f"{error}\n", content_type="text/plain; charset=utf-8")
        return download(request, filters, form)

    def _check(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise Lacks("view_connection", but=NOTHING_CHANGED)


def _page(request: HttpRequest, form: HistoryForm, filters: Filters) -> dict[str, Any]:
    found = list(filters.page().select_related("actor", "connection", "run", "account")[: LINES_PER_PAGE + 1])
    shown = found[:LINES_PER_PAGE]
    cut = (filters.before is not None, len(found) > len(shown))
    return {
        "title": title(filters),
        "subject": subject(filters),
        "filters": filters,
        "days": days(shown, filters, cut=cut),
        "head": AuditHead.objects.first(),
        "verification": verification.shown(request),
        "older": link(request, before=shown[-1].seq) if len(found) > len(shown) else "",
        "newest": link(request, before=None) if filters.before is not None else "",
        "export_query": link(request, before=None),
        "menus": menus(request, form),
        "chips": chips(request, form),
        "period": period(filters) or None,
        "kept_by_search": kept(request, "q"),
        "kept_by_period": kept(request, "from", "to"),
        "periods": periods(request, filters),
        "summary": _summary(filters),
        "people": people_of(filters),
        "lines": _lines_of(filters) if filters.is_quickly_counted else "",
        "sees_all": may(request.user, "view_all_history"),
    }


def _lines_of(filters: Filters) -> str:
    count = count_capped(filters.events())
    return ngettext("its one line", "all %(count)s lines", count) % {"count": in_words(count)}


def _summary(filters: Filters) -> Summary | None:
    """What the person's runs came to, on the page that tells all of their history."""
    if filters.actor is None or not filters.is_person_s or filters.before is not None:
        return None
    return summarize(filters.actor, filters.since_at, filters.until_at, viewer=filters.viewer)
