"""The page for a mistake of the panel: by then neither the database can be asked nor who is signed in."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template.loader import render_to_string

from remoteit_admin import __version__


def server_error(request: HttpRequest) -> HttpResponse:
    # Without the request, whose context processors read the session and count connections.
    context = {"sandbox": settings.SANDBOX, "panel_version": __version__}
    return HttpResponseServerError(render_to_string("500.html", context))
