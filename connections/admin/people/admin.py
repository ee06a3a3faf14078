"""People and their groups, in Django's own pages. A person is deactivated and never deleted: the history names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from connections.admin.people.access.why import ask_why, is_asked, settle, why_field
from connections.admin.people.ticks import TicksPermissions
from connections.admin.readonly import NeverDeletedAdmin
from connections.audit.append import append
from connections.models.rights import may
from connections.people import directory, rights
from connections.people.lines import (
    FLAGS,
    NOBODY,
    password_line,
    standing_of,
)
from connections.web.origin import user_of, web_origin

admin.site.unregister(User)

LAST_SUPERUSER = _(
    "This is the last superuser who can sign in: make somebody else one first. Nobody could give any right otherwise."
)


class PersonForm(UserChangeForm):
    reason = why_field()

    def clean(self) -> dict[str, Any] | None:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        stays = all(cleaned.get(flag, True) for flag in FLAGS)
        if not stays and rights.is_last_superuser(self.instance):
            raise ValidationError(LAST_SUPERUSER)
        groups = cleaned.get("groups")
        if groups is not None and (why := directory.refuse_by_hand(self.instance, [one.name for one in groups])):
            self.add_error("groups", why)
        ask_why(self, "groups", "user_permissions", *FLAGS)
        return cleaned


class PasswordForm(AdminPasswordChangeForm):
    def clean(self) -> dict[str, Any] | None:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned["set_usable_password"] and rights.is_last_superuser(self.user):
            self.add_error("usable_password", LAST_SUPERUSER)
        if cleaned["set_usable_password"] and (why := directory.refuse_password(self.user)):
            self.add_error("password1", why)
        return cleaned


@admin.register(User)
class UserAdmin(NeverDeletedAdmin, TicksPermissions, DjangoUserAdmin):
    form = PersonForm
    change_password_form = PasswordForm
    readonly_fields = ("last_login", "date_joined")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may_any = may(request.user, "view_user") or may(request.user, "change_user")
        return may_any and (obj is None or rights.may_see_person(user_of(request), obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "add_user")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may_any = may(request.user, "change_user")
        return may_any and (obj is None or rights.may_change_person(user_of(request), obj))

    def get_list_filter(self, request: HttpRequest) -> tuple[str, ...]:
        filters = ("is_staff", "is_superuser", "is_active", "groups")
        return filters if user_of(request).is_superuser else ("is_staff", "is_active")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        actor = user_of(request)
        flags = FLAGS if actor.is_superuser else ("is_active", "is_staff")
        sees_rights = rights.may_change_person(actor, obj)
        beside = {"classes": ("collapse",), "fields": ("user_permissions",)}
        return (
            (None, {"fields": ("username", "password")}),
            (_("Personal info"), {"fields": ("first_name", "last_name", "email")}),
            (_("Permissions"), {"fields": (*flags, "groups") if sees_rights else flags}),
            *([(_("Permissions beside those of the groups"), beside)] if sees_rights else []),
            *([(None, {"fields": ("reason",)})] if is_asked() else []),
            (_("Important dates"), {"fields": self.readonly_fields}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        if obj is None or rights.may_change_rights_of(user_of(request), obj):
            return self.readonly_fields
        return (*self.readonly_fields, *FLAGS, "groups", "user_permissions")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        form.standing_before = standing_of(obj) if change else NOBODY
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        told = {"username", *FLAGS, "groups", "user_permissions", "reason"}
        others = [name for name in form.changed_data if name not in told] if change else []
        settle(request, form, form.instance, form.standing_before, others)

    @method_decorator(sensitive_post_parameters())
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        user = self.get_object(request, unquote(id))
        if user == request.user:
            # Where the old one is asked for: a session that somebody left open must not be enough.
            return HttpResponseRedirect(reverse("admin:password_change"))
        view = super().user_change_password
        return _told_of_password(request, user, lambda: view(request, id, form_url))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """To this person's history, for those who may see it; to others Django's own page of the changes made here."""
        user = self.get_object(request, unquote(object_id))
        sees_it = request.user == user or may(request.user, "view_all_history")
        if user is None or not sees_it or not may(request.user, "view_connection"):
            return super().history_view(request, object_id, extra_context)
        return HttpResponseRedirect(reverse("admin:connections_auditevent_changelist") + f"?actor={user.pk}")

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "is_active":
            field.help_text = _(
                "Untick this when somebody leaves. A user is never deleted: the history names who asked for what."
            )
        return field


def _told_of_password(request: HttpRequest, user: User | None, view: Callable[[], HttpResponse]) -> HttpResponse:
    with transaction.atomic():
        before = _password_hash(user)
        response = view()
        if user is not None and _password_hash(user) != before:
            user.refresh_from_db()
            append([password_line(user, user_of(request), web_origin(request))])
    return response


def _password_hash(user: User | None) -> str | None:
    return User.objects.filter(pk=user.pk).values_list("password", flat=True).first() if user else None
