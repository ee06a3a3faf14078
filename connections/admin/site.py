"""The look and the words of Django's admin site, where they are the panel's."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.utils.translation import gettext_lazy as _

NO_MATCH = _("User name and password do not match those of anybody who may sign in here. Both are case-sensitive.")


class SignInForm(AdminAuthenticationForm):
    error_messages = {**AdminAuthenticationForm.error_messages, "invalid_login": NO_MATCH}


admin.site.site_title = admin.site.site_header = "remoteit-admin"
admin.site.index_title = _("Overview")
admin.site.site_url = None
admin.site.enable_nav_sidebar = False
admin.site.login_form = SignInForm
