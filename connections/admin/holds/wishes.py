"""What a person presses on the page of a hold. Each is a POST, and each says why where the history asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connections.admin.holds.forms import ReasonForm
from connections.admin.holds.sight import hold_or_404, steerable, to_hold
from connections.admin.pages import Page, page_context
from connections.holds import wishes
from connections.holds.begin import CannotHold
from connections.holds.measures import undo, undo_file
from connections.models import Hold, Measure
from connections.models.holding.holds import Level
from connections.models.holding.measures import UndoState
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from django.http import HttpRequest

Act = Callable[["HttpRequest", Hold, dict[str, object]], None]


def _with_reason(request: HttpRequest, pk: int, act: Act) -> HttpResponse:
    hold = steerable(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why: the reason is kept in the history. Nothing was changed."))
        return to_hold(hold)
    try:
        act(request, hold, form.cleaned_data)
    except CannotHold as error:
        messages.error(request, str(error))
    return to_hold(hold)


@require_POST
def end_view(request: HttpRequest, pk: int) -> HttpResponse:
    """End the hold now and put back what it changed."""
    return _with_reason(
        request,
        pk,
        lambda request, hold, said: wishes.withdraw(hold, user_of(request), str(said["reason"]), web_origin(request)),
    )


@require_POST
def extend_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Move the deadline."""

    def act(request: HttpRequest, hold: Hold, said: dict[str, object]) -> None:
        by = timedelta(minutes=int(str(said["minutes"])))
        wishes.extend(hold, user_of(request), by, str(said["reason"]), web_origin(request))

    return _with_reason(request, pk, act)


@require_POST
def raise_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Go to a further level."""

    def act(request: HttpRequest, hold: Hold, said: dict[str, object]) -> None:
        if said["level"] not in Level.values:
            raise CannotHold(_("Choose a level."))
        level = Level(str(said["level"]))
        wishes.raise_level(hold, user_of(request), level, str(said["reason"]), web_origin(request))

    return _with_reason(request, pk, act)


@require_POST
def decline_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on as it is."""
    hold = steerable(request, pk)
    try:
        wishes.decline_offer(hold, user_of(request), web_origin(request))
    except CannotHold as error:
        messages.error(request, str(error))
    return to_hold(hold)


@require_POST
def decide_view(request: HttpRequest, pk: int, member: int) -> HttpResponse:
    """Close the ways to a service that joined later, too, or not."""
    hold = steerable(request, pk)
    found = get_object_or_404(hold.members.select_related("hold", "account"), pk=member)
    try:
        wishes.decide_member(found, user_of(request), web_origin(request), yes=request.POST.get("answer") == "yes")
    except CannotHold as error:
        messages.error(request, str(error))
    return to_hold(hold)


@require_http_methods(["GET", "HEAD", "POST"])
def leave_view(request: HttpRequest, pk: int, measure: int) -> HttpResponse:
    """Ask why, and leave what is not restored as it is."""
    hold = steerable(request, pk)
    found = get_object_or_404(hold.measures.select_related("hold__user", "member__account"), pk=measure)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            wishes.leave(found, user_of(request), form.cleaned_data["reason"], web_origin(request))
            return to_hold(hold)
        except CannotHold as error:
            form.add_error(None, str(error))
    context = page_context(request, Hold, title=_("Leave it as it is"), measure=found, form=form)
    return TemplateResponse(request, "admin/holds/leave.html", context)


@require_POST
def try_view(request: HttpRequest, pk: int, measure: int) -> HttpResponse:
    """Have what waits to be restored tried with the next reading."""
    hold = steerable(request, pk)
    undo.try_now(get_object_or_404(Measure, pk=measure, hold=hold, undo=UndoState.QUEUED))
    return _back(request, hold)


@require_safe
def undo_file_view(request: HttpRequest, pk: int) -> HttpResponse:
    """What to undo by hand."""
    hold = hold_or_404(request, pk)
    answer = HttpResponse(undo_file.text(hold), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{undo_file.path_of(hold).name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _back(request: HttpRequest, hold: Hold) -> HttpResponse:
    if request.POST.get("from") == "list":
        return HttpResponseRedirect(reverse("admin:connections_hold_changelist"))
    return to_hold(hold)


PAGES = (
    Page("<int:pk>/end/", "end", end_view),
    Page("<int:pk>/extend/", "extend", extend_view),
    Page("<int:pk>/raise/", "raise", raise_view),
    Page("<int:pk>/decline/", "decline", decline_view),
    Page("<int:pk>/services/<int:member>/", "decide", decide_view),
    Page("<int:pk>/measures/<int:measure>/leave/", "leave", leave_view),
    Page("<int:pk>/measures/<int:measure>/try/", "try", try_view),
    Page("<int:pk>/undo.txt", "undo_file", undo_file_view),
)
