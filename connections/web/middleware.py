"""How a person wants to see the panel, that nothing in a page deceives the eye, and what a browser may not do."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from connections.models.formats import INVISIBLE, visible
from connections.web.around.frame import preferences_of
from connections.web.around.once import once
from connections.words import zones

GetResponse = Callable[[HttpRequest], HttpResponse]

SENT_BACK = re.compile(r'(\bvalue="[^"]*"|<textarea\b.*?</textarea>)', re.DOTALL)
"""What a form sends back as it is."""


NOT_USED = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")


def browser_limits(get_response: GetResponse) -> GetResponse:
    """No other site may embed an answer, and no page may ask for what the panel never uses."""
    policy = ", ".join(f"{feature}=()" for feature in NOT_USED)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Permissions-Policy"] = policy
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response

    return middleware


def preferences(get_response: GetResponse) -> GetResponse:
    """Show times and words as the one who is signed in chose; where that is gone, as the settings say."""

    def middleware(request: HttpRequest) -> HttpResponse:
        wished = once(request, preferences_of) if request.user.is_authenticated else None
        if wished is not None and wished.language in dict(settings.LANGUAGES):
            # Not put back at the end: LocaleMiddleware names the language in the answer, and sets it for each request.
            translation.activate(wished.language)
            request.LANGUAGE_CODE = wished.language
        with timezone.override(zones.zone(wished.time_zone) if wished is not None else None):
            return get_response(request)

    return middleware


def visible_names(get_response: GetResponse) -> GetResponse:
    """Name the characters in a page that are not seen, whoever wrote them: no name looks like another one.

    Here, and not where each name is shown: a place that was forgotten would be the one that deceives.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.streaming and response.headers.get("Content-Type", "").startswith("text/html"):
            page = response.content.decode()
            if INVISIBLE.search(page):
                parts = SENT_BACK.split(page)
                parts[::2] = map(visible, parts[::2])
                response.content = "".join(parts)
        return response

    return middleware
