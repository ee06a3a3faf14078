"""The look and the words of Django's admin site, where they are the panel's."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from connections.admin.people.sign_in import SecondNeeded, in_words, known_browser
from connections.db.writable import why_not_writable
from connections.people import factors
from connections.people.attempts import TooMany, attempt
from connections.web.sign_ins import SIGN_IN_FAILED, failure_of, refuse_sign_in

NO_MATCH = _("User name and password do not match those of anybody who may sign in here. Both are case-sensitive.")


UNWRITABLE = _(
    "Nobody can sign in just now, for the database of the panel takes nothing. It says: %s. Tell your administrator "
    "this. Nothing is sent to remote.it meanwhile."
)


class SignInForm(AdminAuthenticationForm):
    error_messages = {**AdminAuthenticationForm.error_messages, "invalid_login": NO_MATCH}
    wait_s = 0
    """After how many seconds the next try may come, when this one was refused untried."""

    def clean(self) -> dict[str, Any]:
        name, request = self.cleaned_data.get("username"), self.request
        if request is None or name is None or not self.cleaned_data.get("password"):
            return super().clean()  # which tries nothing
        try:
            with attempt(failure_of(SIGN_IN_FAILED, name, request), known_browser(request, name)):
                cleaned = super().clean()
        except TooMany as refusal:
            self.wait_s = refusal.wait_s
            raise ValidationError(in_words(refusal)) from None
        except DatabaseError as error:
            # A try is counted and told before and after: with neither, nobody is signed in. What refused that may have
            # room for the small write by which the database is asked.
            why = why_not_writable() or str(error).partition("\n")[0]
            raise ValidationError(UNWRITABLE % why) from None
        user = self.get_user()
        if isinstance(user, User) and factors.has_second(user):
            raise SecondNeeded(user)
        return cleaned

    def confirm_login_allowed(self, user: User) -> None:
        try:
            super().confirm_login_allowed(user)
        except ValidationError:
            # The password was right, so Django tells of no failure.
            refuse_sign_in(user.get_username(), self.request, why="not staff" if user.is_active else "not active")
            raise


admin.site.site_title = admin.site.site_header = "remoteit-admin"
admin.site.index_title = _("Overview")
admin.site.site_url = None
admin.site.enable_nav_sidebar = False
admin.site.login_form = SignInForm
