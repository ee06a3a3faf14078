"""/healthz: the process answers. /readyz: what it needs is there.

Load balancers and monitors ask by address, over plain HTTP, and while the database is away. So these two are answered
before anything looks at the Host, redirects to HTTPS or reads the session.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic

from django.contrib.auth import get_user
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse

from connections.web import health

GetResponse = Callable[[HttpRequest], HttpResponseBase]
SAFE = ("GET", "HEAD")
REMEMBERED_S = 1.0
"""Strangers may ask, and each look at the parts writes to the database and to the queue."""


def probes(get_response: GetResponse) -> GetResponse:
    """First in settings.MIDDLEWARE: answer the two probes, and leave every other address to what follows."""
    views: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/healthz": healthz, "/readyz": readyz}

    def middleware(request: HttpRequest) -> HttpResponseBase:
        view = views.get(request.path_info)
        if view is None:
            return get_response(request)
        answer = view(request) if request.method in SAFE else HttpResponseNotAllowed(SAFE)
        answer["Cache-Control"] = "no-store"
        return answer

    return middleware


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every part is there, else 503; which part it is, only to an administrator who is signed in."""
    found = _last.parts()
    ready = health.is_well(found)
    told: dict[str, object] = {"status": "ok" if ready else "not ready"}
    try:
        if _is_administrator(request):
            told |= {**found, "verification": health.verified()}
    except DatabaseError:
        pass  # it can't say who asks, so it is a stranger
    return JsonResponse(told, status=200 if ready else 503)


class _Last:
    """What this process found when it last looked. Of many that ask at once one looks, and the others wait for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at = float("-inf")
        self._parts: dict[str, str] = {}

    def parts(self) -> dict[str, str]:
        """`health.parts`, at most REMEMBERED_S old."""
        with self._lock:
            if monotonic() - self._at >= REMEMBERED_S:
                self._parts = health.parts()
                self._at = monotonic()
            return self._parts


_last = _Last()


def _is_administrator(request: HttpRequest) -> bool:
    SessionMiddleware(lambda request: HttpResponse()).process_request(request)
    user = get_user(request)
    return user.is_active and getattr(user, "is_superuser", False)
