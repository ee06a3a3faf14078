"""The doors at which a password is asked for: what they say when it may not be tried yet, and known browsers."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import admin
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from connections.words.times import duration

if TYPE_CHECKING:
    from connections.people.attempts import TooMany

KNOWN_FOR_S = 90 * 86_400
SALT = "connections.known-browser"


def sign_in(request: HttpRequest) -> HttpResponse:
    """Django's page. A browser in which somebody signed in is known from then on, for that name alone."""
    response = refused_for_a_while(admin.site.login(request))
    if request.method == "POST" and response.status_code == 302 and request.user.is_authenticated:
        name = request.user.get_username()
        mark = known_browser(request, name) or secrets.token_hex(16)
        response.set_cookie(
            _cookie(),
            signing.dumps([name, mark], salt=SALT),
            max_age=KNOWN_FOR_S,
            path=settings.SESSION_COOKIE_PATH,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def known_browser(request: HttpRequest, name: str) -> str:
    """The mark of a browser in which `name` signed in within the last 90 days, else "".

    It opens nothing: it only lets this browser's failures be counted apart from those of whoever shares its address.
    """
    try:
        whose, mark = signing.loads(request.COOKIES.get(_cookie(), ""), salt=SALT, max_age=KNOWN_FOR_S)
    except signing.BadSignature:
        return ""
    return str(mark) if whose == name else ""


def refused_for_a_while(response: HttpResponse) -> HttpResponse:
    """`response` as 429 with Retry-After, when its form refused to try a password."""
    form = (getattr(response, "context_data", None) or {}).get("form")
    if wait_s := getattr(form, "wait_s", 0):
        response.status_code = 429
        response.headers["Retry-After"] = str(wait_s)
    return response


def in_words(refusal: TooMany) -> str:
    """The same whether or not anybody has the name."""
    if refusal.is_busy:
        return _("Too many are signing in at this moment. Nothing was checked: try again in a few seconds.")
    words = _("Too many wrong passwords for this name or from this address. Nothing was checked: try again in %s.")
    return words % duration(refusal.wait_s)


def _cookie() -> str:
    # Beside the session's, so that it has the same prefix.
    return f"{settings.SESSION_COOKIE_NAME}-browser"
