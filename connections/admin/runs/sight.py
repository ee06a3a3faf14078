"""Which runs a request may look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from connections.admin.refusals import Lacks
from connections.models import StopRun
from connections.models.rights import NOTHING_CHANGED, may

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from connections.models import Approval
    from connections.models.runs import StopRunQuerySet


def runs_of(request: HttpRequest) -> StopRunQuerySet:
    """The runs that the request may see. Raises Lacks for who may see none."""
    if not may(request.user, "view_connection"):
        raise Lacks("view_connection", but=NOTHING_CHANGED)
    return StopRun.objects.visible_to(request.user).started()


def run_or_404(request: HttpRequest, pk: int) -> StopRun:
    """The run with this number. Raises Lacks as `runs_of`, and Http404 where it is not among those."""
    run: StopRun = get_object_or_404(runs_of(request), pk=pk)
    return run


def to_run(run: StopRun) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:connections_stoprun_change", args=[run.pk]))


def to_approval(approval: Approval) -> HttpResponse:
    """To what waits for a second person, in the place of a run that was not started."""
    return HttpResponseRedirect(reverse("admin:connections_approval_page", args=[approval.pk]))
