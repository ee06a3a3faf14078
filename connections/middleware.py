"""How a person wants to see the panel, put in force for their request."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from connections import zones
from connections.models import Preferences

GetResponse = Callable[[HttpRequest], HttpResponse]


def preferences(get_response: GetResponse) -> GetResponse:
    """Show times and words as the one who is signed in chose; where that is gone, as the settings say."""

    def middleware(request: HttpRequest) -> HttpResponse:
        wished = Preferences.objects.filter(user=request.user.pk).first() if request.user.is_authenticated else None
        if wished is not None and wished.language in dict(settings.LANGUAGES):
            # Not put back at the end: LocaleMiddleware names the language in the answer, and sets it for each request.
            translation.activate(wished.language)
            request.LANGUAGE_CODE = wished.language
        with timezone.override(zones.zone(wished.time_zone) if wished is not None else None):
            return get_response(request)

    return middleware
