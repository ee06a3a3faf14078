"""One's own password: the old one is asked for, with the brakes of the sign-in, and every outcome has its line."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy
from django.views.decorators.debug import sensitive_post_parameters

from connections.admin.people.sign_in import in_words, known_browser, refused_for_a_while
from connections.audit.append import append
from connections.people.attempts import TooMany, attempt
from connections.people.lines import password_line
from connections.web.origin import user_of, web_origin
from connections.web.sign_ins import OLD_PASSWORD_WRONG, failure_of, refuse_old_password


class OwnPasswordForm(AdminPasswordChangeForm):
    wait_s = 0
    """After how many seconds the next try may come, when this one was refused untried."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        name = self.user.get_username()
        try:
            with attempt(failure_of(OLD_PASSWORD_WRONG, name, self.request), known_browser(self.request, name)):
                return super().clean_old_password()
        except TooMany as refusal:
            self.wait_s = refusal.wait_s
            raise ValidationError(in_words(refusal)) from None
        except ValidationError:
            refuse_old_password(self.user, self.request)
            raise


class OwnPasswordView(PasswordChangeView):
    form_class = OwnPasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **admin.site.each_context(self.request)}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        # Hashed before the transaction: on SQLite everybody else's writes would wait for it.
        user = form.save(commit=False)
        with transaction.atomic():
            user.save(update_fields=("password",))
            append([password_line(user, user_of(self.request), web_origin(self.request))])
        update_session_auth_hash(self.request, user)
        return HttpResponseRedirect(self.get_success_url())


@sensitive_post_parameters()
def password_change(request: HttpRequest) -> HttpResponse:
    """The page, for whoever is signed in."""
    return refused_for_a_while(cast("HttpResponse", OwnPasswordView.as_view()(request)))
