"""The page that asks again whether it is the person themselves, before what can't be undone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from connections.admin.people.second import NO_PASSKEY, SecondForm, asking, checked, has_name
from connections.admin.people.sign_in import after, complete, in_words, known_browser, pending, refused_for_a_while
from connections.people import directory, factors
from connections.people.attempts import TooMany, attempt
from connections.web import proofs
from connections.web.origin import user_of
from connections.web.sign_ins import OLD_PASSWORD_WRONG, failure_of, refuse_old_password, refuse_sign_in


class PasswordProofForm(forms.Form):
    """For who has no second factor: the password again, with the brakes of the sign-in."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    wait_s = 0
    kind = "password"

    def __init__(self, data: Any = None, *, request: HttpRequest) -> None:
        super().__init__(data)
        self.request = request

    def clean_password(self) -> str:
        user = user_of(self.request)
        name, password = user.get_username(), str(self.cleaned_data["password"])
        try:
            with attempt(failure_of(OLD_PASSWORD_WRONG, name, self.request), known_browser(self.request, name)):
                if not user.check_password(password):
                    raise ValidationError(_("This is not your password. Nothing was decided."))
        except TooMany as refusal:
            self.wait_s = refusal.wait_s
            raise ValidationError(in_words(refusal)) from None
        except ValidationError:
            refuse_old_password(user, self.request)
            raise
        return password


class DirectoryProofForm(forms.Form):
    """For who has neither: they sign in at the identity provider again, and nothing is typed here."""

    kind = directory.OIDC
    is_directory = True

    def clean(self) -> None:
        raise ValidationError(_("Sign in there first. Nothing was decided."))


@never_cache
@sensitive_post_parameters()
def prove(request: HttpRequest) -> HttpResponse:
    """Ask for a second factor, or for the password of who has none, and go back to the page that needed it."""
    user, back, data = user_of(request), _back(request), request.POST if request.method == "POST" else None
    form = proof_form(request, user, data)
    if request.method == "POST" and form.kind == directory.OIDC and proofs.is_fresh(request):
        return HttpResponseRedirect(back)  # they proved it over there
    if form.is_valid():
        proofs.note(request, form.kind)
        return HttpResponseRedirect(back)
    context = {
        **admin.site.each_context(request),
        "title": _("Is it you?"),
        "form": form,
        "back": back,
        "name": user.get_username(),
        "purpose": _purpose(request),
        **with_passkey(request, user),
    }
    return refused_for_a_while(TemplateResponse(request, "admin/people/prove.html", context))


def proof_form(request: HttpRequest, user: User, data: Any) -> SecondForm | PasswordProofForm | DirectoryProofForm:
    """What `user` proves with that it is them: a second factor, or the password of who has none."""
    if factors.has_second(user):
        return SecondForm(data, request=request, user=user)
    if not user.has_usable_password():
        return DirectoryProofForm(data)
    return PasswordProofForm(data, request=request)


@never_cache
@sensitive_post_parameters()
def second_factor(request: HttpRequest) -> HttpResponse:
    """The second step of a sign-in, for whoever gave the right password a moment ago."""
    user = pending(request)
    if user is None:
        return HttpResponseRedirect(f"{reverse('admin:login')}?{urlencode({'next': after(request)})}")
    form = SecondForm(request.POST if request.method == "POST" else None, request=request, user=user)
    if form.is_valid():
        return complete(request, user, form.kind)
    context = {
        **admin.site.each_context(request),
        "title": _("Second factor"),
        "form": form,
        "back": reverse("admin:login"),
        "name": user.get_username(),
        "is_sign_in": True,
        **with_passkey(request, user),
    }
    return refused_for_a_while(TemplateResponse(request, "admin/people/prove.html", context))


@never_cache
@sensitive_post_parameters()
def passkey_alone(request: HttpRequest) -> HttpResponse:
    """Sign in without a password: the device has verified the person, so it is two factors at once."""
    error = ""
    if request.method == "POST":
        try:
            user = checked(request, request.POST.get("passkey", ""), request.POST.get("challenge", ""))
            if user.is_active and user.is_staff:
                return complete(request, user, factors.PASSKEY)
            refuse_sign_in(user.get_username(), request, why="not staff" if user.is_active else "not active")
            error = str(NO_PASSKEY)
        except ValidationError as refusal:
            error = refusal.messages[0]
    context = {
        **admin.site.each_context(request),
        "title": _("Sign in with a passkey"),
        "error": error,
        "back": reverse("admin:login"),
        "is_sign_in": True,
        "next": after(request),
        "passkey": asking(request) if has_name(request) else None,
        "by_name": not has_name(request),
    }
    return TemplateResponse(request, "admin/people/prove.html", context)


def with_passkey(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the page needs to ask for one of the passkeys of `user`, or to say why it can't."""
    if not user.passkeys.exists():
        return {}
    return {"passkey": asking(request, user)} if has_name(request) else {"by_name": True}


def _back(request: HttpRequest) -> str:
    wished = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wished, {request.get_host()}, require_https=request.is_secure())
    return wished if is_ours else reverse("admin:index")


def _purpose(request: HttpRequest) -> str:
    """What the proof is for, as the page said that sent here: signed, so that no link can put words on this page."""
    try:
        return str(signing.loads(request.GET.get("for", ""), salt=proofs.SALT, max_age=3600))
    except signing.BadSignature:
        return ""
