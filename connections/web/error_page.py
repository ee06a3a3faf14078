"""The page for what went wrong in the panel: by then neither the database can be asked nor who is signed in."""

from __future__ import annotations

import sys

from django.conf import settings
from django.db import DatabaseError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from connections.db.writable import why_not_writable
from remoteit_admin import __version__


def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 in the database's own words, when it takes no write: that is no mistake of the panel's."""
    # Without the request, whose context processors read the session and count connections.
    context = {"sandbox": settings.SANDBOX, "panel_version": __version__}
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError) and "full" in str(error):
        why = str(error)  # while the small write by which it is asked may still fit
    else:
        why = why_not_writable() if isinstance(error, DatabaseError) else ""
    if why:
        return HttpResponse(render_to_string("503.html", {**context, "why": why}), status=503)
    return HttpResponse(render_to_string("500.html", context), status=500)
