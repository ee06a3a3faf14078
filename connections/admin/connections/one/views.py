"""The pages of one connection: what is known of it, and the form that stops it alone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from connections.admin.connections.one.page import connection_page
from connections.admin.connections.sight import connection_or_404
from connections.admin.pages import Page, page_context
from connections.admin.refusals import Lacks
from connections.admin.runs.sight import to_approval
from connections.admin.stop_form import StopForm
from connections.models import Connection
from connections.models.rights import may
from connections.models.runs import new_key
from connections.stops import plan
from connections.web.origin import user_of, web_origin


def page_view(request: HttpRequest, key: str) -> HttpResponse:
    return _page(request, connection_or_404(request, key), StopForm(initial={"key": new_key()}))


def stop_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop one connection. The same form sent twice leads to the same run."""
    connection = connection_or_404(request, str(pk))
    if request.method != "POST":
        return HttpResponseRedirect(reverse("admin:connections_connection_change", args=[pk]))
    if not may(request.user, "stop_connection"):
        raise Lacks("stop_connection")
    form = StopForm(request.POST)
    if form.is_valid():
        try:
            run = plan.stop_one(user_of(request), connection, origin=web_origin(request), **form.cleaned_data)
        except plan.NeedsApproval as error:
            return to_approval(error.approval)
        except plan.CannotStart as error:
            form.add_error(None, str(error))
        else:
            return HttpResponseRedirect(reverse("admin:connections_stoprun_change", args=[run.pk]))
    return _page(request, connection, form)


PAGES = (Page("<int:pk>/stop/", "stop", stop_view),)


def _page(request: HttpRequest, connection: Connection, form: StopForm) -> HttpResponse:
    context = page_context(
        request,
        Connection,
        title=str(connection),
        may_stop=may(request.user, "stop_connection"),
        form=form,
        **connection_page(connection, user_of(request)),
    )
    return TemplateResponse(request, "admin/connections/page.html", context)
