"""Who has to have a second factor and has none is led, once the days of grace are over, to the page that adds one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from connections.people import factors

if TYPE_CHECKING:
    from django.contrib.auth.models import User

DUE = "factor_due"
"""In the session, so that no page asks the database: from when on it is due, in seconds since 1970."""
OPEN = ("factors", "prove", "sessions", "admin:logout", "admin:password_change", "admin:login")


def look(sender: object, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """At the sign-in: a rule that is made later counts from the next one on."""
    if request is not None and (due := factors.due(user)) is not None:
        request.session[DUE] = int(due.timestamp())


def factor_due(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Behind the middleware that knows who is signed in."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_due = request.user.is_authenticated and time.time() >= request.session.get(DUE, math.inf)
        if is_due and request.path not in [reverse(name) for name in OPEN]:
            return HttpResponseRedirect(reverse("factors"))
        return get_response(request)

    return middleware
