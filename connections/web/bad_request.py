"""What a client sends that no page can read: refused before a page tries, and in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from django.conf import settings
from django.contrib.admin.options import TO_FIELD_VAR
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found

from remoteit_admin import __version__

NUL = "\0"
TOO_LONG = re.compile(r"\d{19}")


class CannotRead(BadRequest):
    """Its text is for the person who sent the request."""


class ReadableOnly:
    """Refuses what Django's own pages would fail at: NUL, which PostgreSQL does not take, and numbers beyond any key.

    Behind the middleware that checks for forged requests: its forms are looked at once it has read them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        refuse_nul(chain([request.path_info], texts(request.GET), request.COOKIES.values()))
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A number that is longer than any key: Django's own forms look for it, and the database can't."""
        if not isinstance(exception, OverflowError | DataError):
            return None
        given = chain([request.path_info], texts(request.GET), texts(request.POST))
        if not any(TOO_LONG.search(text) for text in given):
            return None
        return bad_request(request, CannotRead(_("The request holds a number that is too long.")))

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        refuse_nul(texts(request.POST))
        if "" in (request.GET.get(TO_FIELD_VAR), request.POST.get(TO_FIELD_VAR)):
            raise CannotRead(_("The request names no field (%s).") % TO_FIELD_VAR)


def texts(data: Any) -> Iterator[str]:
    """The names and the values of a QueryDict."""
    for name, values in data.lists():
        yield name
        yield from values


def refuse_nul(given: Iterator[str]) -> None:
    if any(NUL in text for text in given):
        raise CannotRead(_("The request holds a character that no text has (NUL)."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The handler of every 400: what could not be read, where the panel knows how to say it."""
    context = {
        # Without the request, whose context processors read the session and count connections.
        "sandbox": settings.SANDBOX,
        "panel_version": __version__,
        "words": str(exception) if isinstance(exception, CannotRead) else "",
    }
    return HttpResponseBadRequest(render_to_string("400.html", context))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The handler of every 404. Django's own looks for a token in a form that nobody has read yet, and may fail."""
    try:
        return page_not_found(request, exception)
    except (MultiPartParserError, SuspiciousOperation) as error:
        return bad_request(request, error)
