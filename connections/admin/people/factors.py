"""A person's own sign-in: the code app, passkeys and recovery codes, and whose sign-in takes a second factor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import segno
from django.contrib import admin, messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from connections.admin.people.second import CHALLENGE_S, SALT, has_name, panel_of, plain
from connections.models.door.directory import DirectoryPerson
from connections.models.door.factors import CodeApp, RecoveryCode
from connections.people import directory, passkeys
from connections.people import factors as verbs
from connections.people.passkeys import NoPasskey
from connections.web import proofs
from connections.web.door.factor_due import DUE
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SECRET = "code_app_secret"  # noqa: S105 - where a session keeps one until an app has shown that it has it


@never_cache
@sensitive_post_parameters()
def factors(request: HttpRequest) -> HttpResponse:
    """Look at it; and with a fresh proof add and take away."""
    user = user_of(request)
    if not proofs.is_fresh(request):
        return HttpResponseRedirect(proofs.prove_address(request.path, _("to change how you sign in")))
    codes: list[str] = []
    if request.method == "POST":
        had_second = verbs.has_second(user)
        error = ACTS.get(request.POST.get("act", ""), _nothing)(request, user)
        if error:
            messages.error(request, error)
        is_first = verbs.has_second(user) and not had_second
        if is_first or (request.POST.get("act") == "recovery" and verbs.has_second(user)):
            codes = verbs.new_recovery_codes(user, web_origin(request))
        if not codes:
            return HttpResponseRedirect(reverse("factors"))
    return TemplateResponse(request, "admin/people/factors.html", {**_context(request, user), "codes": codes})


def _context(request: HttpRequest, user: User) -> dict[str, Any]:
    has_app = CodeApp.objects.filter(user=user).exists()
    secret = "" if has_app else request.session.setdefault(SECRET, verbs.new_secret())
    found = {
        **admin.site.each_context(request),
        "title": _("How you sign in"),
        "has_app": has_app,
        "has_second": verbs.has_second(user),
        "passkeys": list(user.passkeys.all()),
        "codes_left": RecoveryCode.objects.filter(user=user).count(),
        "secret": " ".join(secret[first : first + 4] for first in range(0, len(secret), 4)),
        "by_name": not has_name(request),
        "has_directory": directory.is_on(),
        "is_linked": DirectoryPerson.objects.filter(user=user).exists(),
    }
    if secret:
        drawn = segno.make(verbs.app_address(user, secret, request.get_host()), error="m")
        found["qr"] = mark_safe(drawn.svg_inline(scale=4, border=2, light="#fff", dark="#000"))  # noqa: S308 - ours
    if has_name(request):
        options, state = passkeys.begin_adding(panel_of(request), user)
        found["adding"] = {"options": json.dumps(plain(options)), "challenge": signing.dumps(plain(state), salt=SALT)}
    return found


def _nothing(request: HttpRequest, user: User) -> str:
    return ""


def _add_app(request: HttpRequest, user: User) -> str:
    secret = str(request.session.get(SECRET, ""))
    if not secret or CodeApp.objects.filter(user=user).exists():
        return _("This page was open too long. Nothing was changed.")
    if not verbs.add_app(user, secret, request.POST.get("code", ""), web_origin(request)):
        return _("This is not the code of the app. Scan again, and look whether the clock of the phone is right.")
    del request.session[SECRET]
    _done(request, verbs.TOTP)
    return ""


def _remove_app(request: HttpRequest, user: User) -> str:
    verbs.remove(user, verbs.TOTP, web_origin(request))
    return ""


def _add_passkey(request: HttpRequest, user: User) -> str:
    try:
        state = signing.loads(request.POST.get("challenge", ""), salt=SALT, max_age=CHALLENGE_S)
        name = request.POST.get("name", "").strip()[:60]
        passkeys.add(panel_of(request), user, state, request.POST.get("passkey", ""), name, web_origin(request))
    except (signing.BadSignature, NoPasskey):
        return _("This passkey was not taken: the page was open too long, or it is here already. Nothing was changed.")
    _done(request, verbs.PASSKEY)
    return ""


def _remove_passkey(request: HttpRequest, user: User) -> str:
    pk = request.POST.get("pk", "")
    if pk.isascii() and pk.isdigit() and len(pk) < 19:
        verbs.remove(user, verbs.PASSKEY, web_origin(request), passkey=int(pk))
    return ""


def _done(request: HttpRequest, kind: str) -> None:
    request.session.pop(DUE, None)
    proofs.note(request, kind)


ACTS = {
    "add_app": _add_app,
    "remove_app": _remove_app,
    "add_passkey": _add_passkey,
    "remove_passkey": _remove_passkey,
}
