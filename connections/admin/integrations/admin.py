"""What lets programs in: tokens, each with its page, made here and shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connections.admin.integrations.form import TokenForm, from_earlier
from connections.admin.integrations.rows import ROWS, Row, row_of
from connections.admin.pages import Page, PagedAdmin, page_context
from connections.admin.readonly import ReadOnlyAdmin
from connections.admin.refusals import Lacks
from connections.inventory.grammar.fields import is_key
from connections.models import ApiToken
from connections.models.rights import NOTHING_CHANGED, may
from connections.people import tokens
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from django.db.models import QuerySet


@require_safe
def list_view(request: HttpRequest) -> HttpResponse:
    found, now = _tokens(request), timezone.now()
    newest = found.order_by("revoked_at", "expires_at", "pk")[: ROWS + 1]
    rows = [row_of(token, now) for token in newest]
    context = page_context(
        request,
        ApiToken,
        title=_("Integrations"),
        rows=rows[:ROWS],
        more=len(rows) > ROWS,
        soon=[row for row in rows if row.ends_soon],
    )
    return TemplateResponse(request, "admin/integrations/list.html", context)


@require_safe
def page_view(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk)
    context = page_context(request, ApiToken, title=row.token.name, row=row)
    return TemplateResponse(request, "admin/integrations/page.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add_view(request: HttpRequest) -> HttpResponse:
    """Make one, and show it once: the answer to the POST is the only page that ever holds it."""
    after = request.GET.get("after", "")
    earlier = _tokens(request).filter(pk=int(after) if is_key(after) else 0).first()
    person = user_of(request)
    form = TokenForm(
        request.POST if request.method == "POST" else None,
        person=person,
        initial=from_earlier(earlier) if earlier else None,
    )
    if form.is_valid():
        token, text = tokens.make(by=person, origin=web_origin(request), **form.wish())
        context = page_context(
            request,
            ApiToken,
            title=_("Token “%s” is made") % token.name,
            row=row_of(token, timezone.now()),
            text=text,
            address=request.build_absolute_uri(reverse("api-docs").removesuffix("docs")),
        )
        return TemplateResponse(request, "admin/integrations/made.html", context)
    context = page_context(request, ApiToken, title=_("New token"), form=form, earlier=earlier)
    return TemplateResponse(request, "admin/integrations/add.html", context, status=400 if form.errors else 200)


@require_POST
def revoke_view(request: HttpRequest, pk: int) -> HttpResponse:
    token = _row(request, pk).token
    if tokens.revoke(token, user_of(request), web_origin(request)):
        messages.success(request, _("“%s” is revoked: it opens nothing from now on.") % token.name)
    else:
        messages.warning(request, _("“%s” was revoked already.") % token.name)
    return HttpResponseRedirect(reverse("admin:connections_apitoken_changelist"))


@admin.register(ApiToken)
class ApiTokenAdmin(PagedAdmin, ReadOnlyAdmin):
    """One's own tokens and, for who manages people, those of the people whom they may change."""

    pages = (
        Page("", "changelist", list_view),
        Page("add/", "add", add_view),
        Page("<int:pk>/", "page", page_view),
        Page("<int:pk>/revoke/", "revoke", revoke_view),
    )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nothing of it is changed by hand: its own page says what can be done."""
        row = _row(request, int(object_id) if is_key(object_id) else 0)
        return HttpResponseRedirect(reverse("admin:connections_apitoken_page", args=[row.token.pk]))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:connections_auditevent_changelist"))


def _tokens(request: HttpRequest) -> QuerySet[ApiToken]:
    person = user_of(request)
    if not (may(person, "view_connection") or may(person, "change_user")):
        raise Lacks("view_connection", but=NOTHING_CHANGED)
    return tokens.in_reach_of(person).select_related("owner")


def _row(request: HttpRequest, pk: int) -> Row:
    return row_of(get_object_or_404(_tokens(request), pk=pk), timezone.now())
