"""Is it you? Asked again on the POST of what can't be undone, where the last proof is older than ten minutes.

The form that was sent is kept, encrypted, in the page that asks: nothing typed is lost, nothing secret can be read
there, and nothing waits on the server. With the proof it goes on as if it were sent now.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from connections.admin.door.doors import DOORS
from connections.admin.people.prove import proof_form, with_passkey
from connections.admin.people.sign_in import refused_for_a_while
from connections.web import proofs
from connections.web.origin import user_of

if TYPE_CHECKING:
    from django import forms

KEPT = "kept_form"
KEPT_S = 1800
SALT = "connections.kept-form"


class FreshProof:
    """Behind the middleware that checks for forged requests, and that knows who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> HttpResponse | None:
        """Before the view of a door: None lets it go on, with the form that was kept where one was."""
        door = DOORS.get(request.resolver_match.view_name) if request.resolver_match else None
        if door is None or request.method != "POST" or not request.user.is_authenticated:
            return None
        form = None
        if kept := request.POST.get(KEPT, ""):
            form = proof_form(request, user_of(request), request.POST)
            if not proofs.is_fresh(request) and form.is_valid():
                proofs.note(request, form.kind)
            try:
                _take(request, kept)
            except InvalidToken:
                messages.error(request, _("This page was open too long. Nothing was changed."))
                return HttpResponseRedirect(_back(request))
        if proofs.is_fresh(request) or not (purpose := door(request, kwargs)):
            return None
        return _asked(request, form, purpose)


def _asked(request: HttpRequest, form: forms.Form | None, purpose: str) -> HttpResponse:
    user = user_of(request)
    context = {
        **admin.site.each_context(request),
        "title": _("Is it you?"),
        "form": form or proof_form(request, user, None),
        "back": _back(request),
        "name": user.get_username(),
        "purpose": purpose,
        "kept": _keep(request),
        **with_passkey(request, user),
    }
    page = refused_for_a_while(TemplateResponse(request, "admin/people/prove.html", context))
    add_never_cache_headers(page)
    return page


def _keep(request: HttpRequest) -> str:
    """The form that was sent, for this person and address alone."""
    sent = {name: values for name, values in request.POST.lists() if name != "csrfmiddlewaretoken"}
    return _cipher().encrypt(json.dumps([*_whose(request), sent]).encode()).decode()


def _take(request: HttpRequest, kept: str) -> None:
    """Put the form that was kept in the place of the one that brought the proof. Raises InvalidToken."""
    try:
        user, path, sent = json.loads(_cipher().decrypt(kept, ttl=KEPT_S))
    except (UnicodeEncodeError, ValueError):
        raise InvalidToken from None
    if [user, path] != _whose(request):
        raise InvalidToken
    form = QueryDict(mutable=True)
    for name, values in sent.items():
        form.setlist(name, values)
    form._mutable = False
    request.POST = form  # type: ignore[assignment]


def _whose(request: HttpRequest) -> list[Any]:
    return [user_of(request).pk, request.get_full_path()]


def _cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(salted_hmac(SALT, "", algorithm="sha256").digest()))


def _back(request: HttpRequest) -> str:
    """The page that the form came from."""
    page = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if page and is_ours else reverse("admin:index")
