"""People and their groups, in Django's own pages. A person is deactivated and never deleted: the history names them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

admin.site.unregister(User)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "is_active":
            field.help_text = _(
                "Untick this when somebody leaves. A user is never deleted: the history names who asked for what."
            )
        return field
