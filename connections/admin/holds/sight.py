"""Which holds a request may look at, and whether it may steer them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from connections.admin.refusals import Lacks
from connections.holds.wishes import may_steer
from connections.models import Hold
from connections.models.holding.holds import PERMISSIONS, Level
from connections.models.rights import NOTHING_CHANGED, missing
from connections.web.origin import user_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from connections.models.holding.holds import HoldQuerySet


def holds_of(request: HttpRequest) -> HoldQuerySet:
    """The holds that the request may see. Raises Lacks for who may see none."""
    if lacking := missing(request.user, "view_connection"):
        raise Lacks(*lacking, but=NOTHING_CHANGED)
    return Hold.objects.visible_to(request.user)


def hold_or_404(request: HttpRequest, pk: int) -> Hold:
    hold: Hold = get_object_or_404(holds_of(request).select_related("user", "ended_by"), pk=pk)
    return hold


def steerable(request: HttpRequest, pk: int) -> Hold:
    """The hold, for who may steer it. Raises Lacks for who may not."""
    hold = hold_or_404(request, pk)
    if not may_steer(user_of(request), hold):
        lacking = missing(request.user, PERMISSIONS[Level(hold.level)]) or ["manage_runs"]
        raise Lacks(*lacking, but=NOTHING_CHANGED)
    return hold


def to_hold(hold: Hold) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:connections_hold_change", args=[hold.pk]))
