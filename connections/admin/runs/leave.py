"""The page on which a person decides to leave what a run did not get rid of, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from connections.admin.pages import Page, page_context
from connections.admin.runs.causes import causes
from connections.admin.runs.controls import steerable
from connections.admin.runs.sight import to_run
from connections.models import StopRun
from connections.stops import control
from connections.stops.progress.left import TO_DO, TO_STOP, Standing, read_left, standing_as
from connections.web.origin import user_of, web_origin
from connections.words.counts import number

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from connections.models.runs import StopItemQuerySet

NAMED = 10


class LeaveForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        help_text=gettext_lazy("Kept in the history for good."),
        error_messages={"required": gettext_lazy("Write why. It cannot be added later.")},
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def leave_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask why; then what is left of the run, or the part that the address names, is left by decision."""
    run = steerable(request, pk)
    what, items = _chosen(run, request.GET.get("what", ""))
    count = items.count()
    if not count:
        messages.info(request, _("Nothing of this is left: it was decided, stopped or has ended meanwhile."))
        return to_run(run)
    form = LeaveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            control.leave(run, user_of(request), web_origin(request), reason=reason, what=what, items=items)
        except control.NotAllowed as error:
            messages.error(request, str(error))
        return to_run(run)
    title = ngettext("Leave %(count)s as it is?", "Leave %(count)s as they are?", count) % {"count": number(count)}
    named = items.select_related("connection").order_by("pk")[:NAMED]
    context = page_context(
        request, StopRun, title=title, run=run, what=what, form=form, named=named, more=max(count - NAMED, 0)
    )
    return TemplateResponse(request, "admin/runs/leave.html", context)


PAGES = (Page("<int:pk>/leave/", "leave", leave_view),)


def _chosen(run: StopRun, what: str) -> tuple[str, StopItemQuerySet]:
    """The part of what `run` left that `what` names, in words, and its items. Raises Http404."""
    if not what:
        return _("what is left of the run"), standing_as(run.items.troubled(), *TO_DO)
    if what == "back":
        return _("what came back"), standing_as(run.items.troubled(), Standing.BACK)
    if what == "unverified":
        return _("what no list confirmed"), standing_as(run.items.troubled(), Standing.UNVERIFIED)
    if what == "open":
        return _("what is still open or in doubt"), standing_as(run.items.troubled(), *TO_STOP)
    cause = next((one for one in causes(read_left(run)) if one.key == what), None)
    if cause is None:
        raise Http404
    return str(cause.kind.title), control.left_to_stop(run).filter(cause.where)
