"""One name for each request: in its answer's header, in the log and in the lines of history that come of it."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

logger = logging.getLogger("panel.request")

HEADER = "X-Request-Id"
KEY = "panel.request_id"
GIVEN = re.compile(r"[0-9A-Za-z_.-]{8,64}")
"""What is taken over from who asks, so that their logs and ours have the same; anything else is replaced."""


def request_id(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Before everything that may leave a line."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        begun = time.monotonic()
        given = request.headers.get(HEADER, "")
        request.META[KEY] = given if GIVEN.fullmatch(given) else secrets.token_hex(16)
        response = get_response(request)
        response.headers[HEADER] = request.META[KEY]
        if settings.LOG_FORMAT == "json":
            _log(request, response, begun)
        return response

    return middleware


def _log(request: HttpRequest, response: HttpResponseBase, begun: float) -> None:
    """Without the query: what somebody searched for, or a token that leaked into it, is no matter of a log."""
    fields = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "took_ms": round(1000 * (time.monotonic() - begun)),
        "user": user.get_username() if (user := getattr(request, "user", None)) and user.is_authenticated else "",
    }
    logger.info("%s %s", request.method, request.path, extra={"fields": fields, "request": request})


def id_of(request: HttpRequest) -> str:
    """ "" for a request that came past the middleware, as those of tests may."""
    return str(request.META.get(KEY, ""))
