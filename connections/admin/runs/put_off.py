"""The seconds after the click in which a run can be taken back whole: for how long, and the page that shows them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.template.response import TemplateResponse
from django.utils import timezone

from connections.admin.pages import page_context
from connections.admin.stop_form import TYPED_COUNT_ABOVE
from connections.models import Preferences, StopRun
from connections.stops import control
from connections.web.origin import user_of
from connections.words.runs import sending_in

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

OWN_CHOICE_S = 5


def seconds_for(user: User, count: int, *, touched: bool) -> int:
    """For how many seconds the first sending of a run of `count` is put off that `user` starts.

    Theirs to choose; else some on a touch screen (`touched`), where a thumb slips, and for many.
    """
    chosen = Preferences.objects.filter(user=user).values_list("send_delay_s", flat=True).first()
    if chosen is not None:
        return chosen
    return OWN_CHOICE_S if touched or count > TYPED_COUNT_ABOVE else 0


def put_off_page(request: HttpRequest, run: StopRun) -> TemplateResponse | None:
    """The page of a run of which nothing is sent yet; None once its first sending is due."""
    left = run.put_off_s(timezone.now())
    if not left:
        return None
    user, seconds = user_of(request), math.ceil(left)
    return TemplateResponse(
        request,
        "admin/runs/put_off.html",
        page_context(
            request,
            StopRun,
            title=sending_in(seconds),
            run=run,
            seconds=seconds,
            total=run.items.queued().count(),
            may_steer=not control.lacking_to_steer(user, run),
        ),
    )
