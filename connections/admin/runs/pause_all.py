"""The page that asks why before all sending is paused, and the button that lets it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from connections.admin.pages import Page, page_context
from connections.admin.refusals import Lacks
from connections.models import StopItem, StopRun
from connections.models.rights import NOTHING_CHANGED, may
from connections.stops import pause_all
from connections.stops.control import NotAllowed
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_http_methods(["GET", "HEAD", "POST"])
def pause_all_view(request: HttpRequest) -> HttpResponse:
    """Ask for the reason, and say what is under way; the POST pauses."""
    _check(request)
    error, reason = "", request.POST.get("reason", "")
    if request.method == "POST":
        try:
            sending = pause_all.pause_all(user_of(request), web_origin(request), reason)
        except NotAllowed as refused:
            error = str(refused)
        else:
            messages.success(request, _paused(sending))
            return _to_runs()
    context = page_context(
        request,
        StopRun,
        title=_("Pause all sending?"),
        error=error,
        reason=reason,
        queued=StopItem.objects.held().queued().visible_to(user_of(request)).count(),
        sending=StopItem.objects.sending().visible_to(user_of(request)).count(),
        pause_on=pause_all.pause_now(),
    )
    return TemplateResponse(request, "admin/runs/pause_all.html", context, status=400 if error else 200)


@require_POST
def resume_all_view(request: HttpRequest) -> HttpResponse:
    _check(request)
    try:
        pause_all.resume_all(user_of(request), web_origin(request))
    except NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("All sending goes on."))
    return _to_runs()


PAGES = (Page("pause_all/", "pause_all", pause_all_view), Page("resume_all/", "resume_all", resume_all_view))


def _check(request: HttpRequest) -> None:
    if not may(user_of(request), "manage_runs"):
        raise Lacks("manage_runs", but=NOTHING_CHANGED)


def _paused(sending: int) -> str:
    if not sending:
        return _("All sending is paused. Nothing is under way.")
    text = ngettext(
        "All sending is paused. The answer to %(count)s stop that was sent before is awaited.",
        "All sending is paused. The answers to %(count)s stops that were sent before are awaited.",
        sending,
    )
    return text % {"count": sending}


def _to_runs() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:connections_stoprun_changelist"))
