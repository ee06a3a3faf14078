"""Whether the browser came over HTTPS, as the proxy in front tells; and a page instead of a circle of redirects."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase
from django.template.loader import render_to_string

from remoteit_admin import __version__
from remoteit_admin.proxies import UNIX, is_trusted

logger = logging.getLogger(__name__)
COOKIE = "came_over_https"
COOKIE_S = 60


def behind_proxies(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Before the redirect to HTTPS: X-Forwarded-Proto counts from a trusted proxy, as X-Forwarded-For does.

    A browser keeps a secure cookie only when it came over HTTPS. One that comes back on a request that looks like HTTP
    shows that a proxy took the HTTPS off and isn't believed, or doesn't say so: another redirect would lead here again.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        peer = request.META.get("REMOTE_ADDR", "")
        told = request.headers.get("X-Forwarded-Proto", "")
        if told and not is_trusted(peer, settings.TRUSTED_PROXIES):
            del request.META["HTTP_X_FORWARDED_PROTO"]
        if not settings.SECURE_SSL_REDIRECT or request.is_secure():
            return get_response(request)
        if told == "https" or COOKIE in request.COOKIES:
            return _not_believed(peer)
        response = get_response(request)
        response.set_cookie(COOKIE, "1", max_age=COOKIE_S, secure=True, httponly=True, samesite="Lax")
        return response

    return middleware


def _not_believed(peer: str) -> HttpResponseBase:
    trusted = is_trusted(peer, settings.TRUSTED_PROXIES)
    name = peer or UNIX
    _log(name, trusted, int(time.monotonic() // 60))
    context = {
        "proxy": name,
        "is_trusted": trusted,
        # Without the request, whose context processors read the session and count connections.
        "sandbox": settings.SANDBOX,
        "panel_version": __version__,
    }
    return HttpResponseBadRequest(render_to_string("proxy_not_trusted.html", context))


@lru_cache(maxsize=256)
def _log(proxy: str, trusted: bool, minute: int) -> None:
    """Once a minute for each proxy: strangers can have it said."""
    what = "send X-Forwarded-Proto: https" if trusted else f"be in TRUSTED_PROXIES ({proxy}) and send X-Forwarded-Proto"
    logger.warning("HTTPS is redirected in a circle: the proxy %s has to %s.", proxy, what)
