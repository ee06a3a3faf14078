"""The look and the words of Django's admin site, where they are the panel's."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from connections.signals import refuse_sign_in

NO_MATCH = _("User name and password do not match those of anybody who may sign in here. Both are case-sensitive.")


class SignInForm(AdminAuthenticationForm):
    error_messages = {**AdminAuthenticationForm.error_messages, "invalid_login": NO_MATCH}

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
