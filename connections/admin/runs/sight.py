"""Which runs a request may look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy

from connections.models import StopRun

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from connections.models.runs import StopRunQuerySet

MAY_NOT_SEE = gettext_lazy("You may not see runs: that takes the permission “Can view connection”.")


def runs_of(request: HttpRequest) -> StopRunQuerySet:
    """The runs that the request may see. Raises PermissionDenied for who may see none."""
    if not request.user.has_perm("connections.view_connection"):
        raise PermissionDenied(MAY_NOT_SEE)
    return StopRun.objects.visible_to(request.user).started()


def run_or_404(request: HttpRequest, pk: int) -> StopRun:
    """The run with this number. Raises PermissionDenied as `runs_of`, and Http404 where it is not among those."""
    run: StopRun = get_object_or_404(runs_of(request), pk=pk)
    return run


def to_run(run: StopRun) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:connections_stoprun_change", args=[run.pk]))
