"""Below /api/ every answer is JSON, whoever made it: Django's own pages for 400, 404, 405 and 500 are for people."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from connections.api.limits import headers_for
from connections.api.problems import MEDIA_TYPE, Problem, answer

BELOW = "/api/"
CODES = {
    400: "unreadable_body",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    503: "unavailable",
}


def problems_alone(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Outside of whatever may answer with a page."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not request.path_info.startswith(BELOW):
            return response
        if response.status_code >= 400 and response.headers.get("Content-Type", "") != MEDIA_TYPE:
            response = _as_problem(request, response)
        response.headers.setdefault("Cache-Control", "no-store")
        for name, value in headers_for(request).items():
            response.headers[name] = value
        return response

    return middleware


def _as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    code = CODES.get(response.status_code, "internal" if response.status_code >= 500 else "unreadable_body")
    kept = {name: response.headers[name] for name in ("Allow", "Retry-After") if name in response.headers}
    return answer(request, Problem(code, headers=kept))
