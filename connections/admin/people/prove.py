"""The page that asks again whether it is the person themselves, before what can't be undone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from connections.admin.people.sign_in import in_words, known_browser, refused_for_a_while
from connections.people.attempts import TooMany, attempt
from connections.web import proofs
from connections.web.origin import user_of
from connections.web.sign_ins import OLD_PASSWORD_WRONG, failure_of, refuse_old_password


class PasswordProofForm(forms.Form):
    """For who has no second factor: the password again, with the brakes of the sign-in."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    wait_s = 0

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


@sensitive_post_parameters("password")
def prove(request: HttpRequest) -> HttpResponse:
    """Ask, and go back to the page that needed it."""
    form = PasswordProofForm(request.POST if request.method == "POST" else None, request=request)
    back = _back(request)
    if form.is_valid():
        proofs.note(request, "password")
        return HttpResponseRedirect(back)
    context = {
        **admin.site.each_context(request),
        "title": _("Is it you?"),
        "form": form,
        "back": back,
        "purpose": _purpose(request),
    }
    return refused_for_a_while(TemplateResponse(request, "admin/people/prove.html", context))


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
