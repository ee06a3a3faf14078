"""Groups and permissions as boxes to tick, in words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.utils.translation import gettext_lazy as _

from connections.models.rights import PERMISSIONS, words_of
from connections.people import rights
from connections.web.origin import user_of


class RightsField(forms.ModelMultipleChoiceField):
    """Permissions in words, with what each lets somebody do."""

    def label_from_instance(self, permission: Permission) -> str:
        words = words_of(permission.codename)
        if permission.codename in PERMISSIONS:
            return f"{words.name}: {words.lets}"
        return _("%(name)s: as earlier versions called a part of “%(whole)s”.") % {
            "name": permission.name,
            "whole": words.name,
        }


class TicksPermissions(admin.ModelAdmin):
    """Groups and permissions as boxes to tick, those that whoever looks may give.

    Django's two lists need a wide window, JavaScript and good eyes.
    """

    filter_horizontal = ()

    def formfield_for_manytomany(
        self, db_field: models.ManyToManyField, request: Any = None, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField | None:
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple())
        actor = user_of(request)
        if db_field.name == "groups":
            kwargs["queryset"] = rights.groups_within(actor)
        else:
            held = getattr(request, "holds", Permission.objects.none())
            alone = db_field.name == "user_permissions"
            kwargs["queryset"] = rights.named(rights.may_give_alone(actor) if alone else rights.may_give(actor), held)
            kwargs["form_class"] = RightsField
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            # Under their older names permissions are offered where they were given, to be taken away.
            request.holds = obj.permissions.all() if isinstance(obj, Group) else obj.user_permissions.all()
        return super().get_form(request, obj, change=change, **kwargs)
