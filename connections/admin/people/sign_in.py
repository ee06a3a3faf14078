"""The doors at which a password is asked for: what they say when it may not be tried yet, and known browsers."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from connections.people import directory
from connections.web import proofs
from connections.web.origin import user_of
from connections.words.times import duration

if TYPE_CHECKING:
    from connections.people.attempts import TooMany

KNOWN_FOR_S = 90 * 86_400
PENDING, PENDING_S = "pending_sign_in", 300
SALT = "connections.known-browser"


class SecondNeeded(Exception):
    """The password of `user` was right, and is not enough: they have a second factor."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self.user = user


def sign_in(request: HttpRequest) -> HttpResponse:
    """Django's page; who has a second factor goes on to the page that asks for it."""
    try:
        response = refused_for_a_while(admin.site.login(request, {"has_directory": directory.is_on()}))
    except SecondNeeded as needed:
        # What a stranger may have put into this session before must not outlive a right password.
        request.session.cycle_key()
        request.session[PENDING] = [needed.user.pk, needed.user.get_session_auth_hash(), int(time.time())]
        return HttpResponseRedirect(f"{reverse('second_factor')}?{urlencode({'next': after(request)})}")
    if request.method == "POST" and response.status_code == 302 and request.user.is_authenticated:
        know_browser(request, response)
    return response


def pending(request: HttpRequest) -> User | None:
    """Whose password was right within the last minutes in this session, and is still; None for nobody's."""
    pk, digest, at = request.session.get(PENDING, (0, "", 0))
    user = User.objects.filter(pk=pk, is_active=True, is_staff=True).first()
    if user is None or time.time() - at > PENDING_S or not constant_time_compare(digest, user.get_session_auth_hash()):
        return None
    return user


def complete(request: HttpRequest, user: User, kind: str, address: str = "") -> HttpResponse:
    """Sign `user` in, who has proved by `kind` that it is them, and go to `address`, or where they wanted to."""
    address = address or after(request)
    request.session.pop(PENDING, None)
    proofs.will_come(request, kind)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    response = HttpResponseRedirect(address)
    know_browser(request, response)
    return response


def after(request: HttpRequest) -> str:
    """Where somebody wanted to go before they were asked to sign in: an address of the panel."""
    wished = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wished, {request.get_host()}, require_https=request.is_secure())
    return wished if is_ours else reverse("admin:index")


def know_browser(request: HttpRequest, response: HttpResponse) -> None:
    """A browser in which somebody signed in is known from then on, for that name alone."""
    name = user_of(request).get_username()
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
