"""One name for each request: in its answer's header, in the log and in the lines of history that come of it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

HEADER = "X-Request-Id"
KEY = "panel.request_id"
GIVEN = re.compile(r"[0-9A-Za-z_.-]{8,64}")
"""What is taken over from who asks, so that their logs and ours have the same; anything else is replaced."""


def request_id(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Before everything that may leave a line."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        request.META[KEY] = given if GIVEN.fullmatch(given) else secrets.token_hex(16)
        response = get_response(request)
        response.headers[HEADER] = request.META[KEY]
        return response

    return middleware


def id_of(request: HttpRequest) -> str:
    """ "" for a request that came past the middleware, as those of tests may."""
    return str(request.META.get(KEY, ""))
