"""Roles: what a group gives, and on what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connections.admin.approvals.changes import say_waits
from connections.admin.people.access.why import ask_why, is_asked, why_field
from connections.admin.people.ticks import TicksPermissions
from connections.admin.refusals import BEYOND, NobodyMay
from connections.audit.append import append
from connections.models import Connection, ScopeRule
from connections.models.connections import accounts_visible_to
from connections.models.rights import may
from connections.models.scope import PATTERNS
from connections.people import rights
from connections.people.lines import (
    NO_GROUP,
    group_deleted_line,
    standing_of_group,
)
from connections.proposals.rights import loosens, settle_role
from connections.web.origin import user_of, web_origin

LOOSENS = _(
    "The role %s has a ceiling that binds people who could still stop without it. Take the ceiling off first, which a "
    "second person decides about. Nothing was changed."
)
admin.site.unregister(Group)


class RuleForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in PATTERNS:
            self.fields[name].widget.attrs.update(placeholder="*", autocomplete="off", spellcheck="false")
        self.fields["account"].empty_label = _("any")  # type: ignore[attr-defined]
        for field in self.fields.values():
            # In a table the head names the column, and no label stands by the field.
            inner: Any = getattr(field.widget, "widget", field.widget)
            inner.attrs["aria-label"] = field.label or ""


class RuleFormSet(forms.BaseInlineFormSet):
    """The rules. What is sent without any of them, by who knows none, leaves them as they are."""

    def __init__(self, data: Any = None, *args: Any, prefix: str | None = None, **kwargs: Any) -> None:
        names = [f"{prefix}-TOTAL_FORMS", f"{prefix}-INITIAL_FORMS"]
        if data is not None and names[0] not in data:
            data = dict.fromkeys(names, "0")
        super().__init__(data, *args, prefix=prefix, **kwargs)  # type: ignore[misc]


class RuleInline(admin.TabularInline):
    """The scope of a group, on its page."""

    model = ScopeRule
    form = RuleForm
    formset = RuleFormSet
    extra = 1
    verbose_name_plural = _("Scope: what the group may see, and what of it it may stop, open and hold")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScopeRule]:
        return super().get_queryset(request).select_related("account")

    def has_view_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return may(request.user, "view_group") or may(request.user, "change_group")

    def has_add_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return may(request.user, "add_group" if obj is None else "change_group")

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return self.has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return self.has_add_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "account":
            kwargs["queryset"] = accounts_visible_to(user_of(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "account":
            field.widget = field.widget.widget  # without Django's links to add and change one
        return field


class RoleForm(forms.ModelForm):
    reason = why_field()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance.pk and self.instance.user_set.exists():
            ask_why(self, "permissions")
        return cleaned


@admin.register(Group)
class GroupAdmin(TicksPermissions, DjangoGroupAdmin):
    """Each change of who may do what is told by the history, in the transaction of the change."""

    form = RoleForm
    inlines = (RuleInline,)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return may(request.user, "view_group") or may(request.user, "change_group")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "add_group")

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        may_any = may(request.user, "change_group")
        return may_any and (obj is None or rights.may_change_group(user_of(request), obj))

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        may_any = may(request.user, "delete_group")
        return may_any and (obj is None or rights.may_change_group(user_of(request), obj))

    def get_fields(self, request: HttpRequest, obj: Group | None = None) -> tuple[str, ...]:
        if not self._sees_all(request, obj):
            return ("name",)
        return ("name", "permissions", "reason") if is_asked() and obj is not None else ("name", "permissions")

    def get_inlines(self, request: HttpRequest, obj: Group | None) -> Any:
        return self.inlines if self._sees_all(request, obj) else ()

    def _sees_all(self, request: HttpRequest, group: Group | None) -> bool:
        """Whether the request is of somebody who lacks nothing that `group` gives: else its page is its name."""
        actor = user_of(request)
        return group is None or actor.is_superuser or rights.groups_within(actor).filter(pk=group.pk).exists()

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        form.standing_before = standing_of_group(obj) if change else NO_GROUP
        form.rules_before = list(obj.scope_rules.select_related("account")) if change else []
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        group, actor = form.instance, user_of(request)
        super().save_related(request, form, formsets, change)
        if not actor.is_superuser and not rights.groups_within(actor).filter(pk=group.pk).exists():
            # Within the transaction of the page: nothing of it stays.
            raise PermissionDenied(BEYOND)
        reason = form.cleaned_data.get("reason", "")
        before, origin = form.standing_before, web_origin(request)
        say_waits(request, settle_role(group, before, form.rules_before, actor=actor, origin=origin, reason=reason))
        for rule in group.scope_rules.all():
            self._tell_reach(request, rule)

    def _tell_reach(self, request: HttpRequest, rule: ScopeRule) -> None:
        if rule.is_everything:
            words = _("A rule without account, pattern and kind is everything: as if there were no rule.")
            messages.info(request, words)
        elif rule.account and rule.account.removed_at:
            words = _(
                "The rule “%s” names an account that was removed: it reaches what is kept of it, and nothing new."
            )
            messages.info(request, words % rule)
        elif not Connection.objects.visible_to(request.user).filter(rule.condition()).exists():
            messages.info(request, _("The rule “%s” matches nothing that the panel knows now. It is kept.") % rule)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """To the lines about this group, for those who may see them; to others Django's own page."""
        group = self.get_object(request, unquote(object_id))
        sees_it = may(request.user, "view_all_history") and may(request.user, "view_connection")
        if group is None or not sees_it:
            return super().history_view(request, object_id, extra_context)
        return HttpResponseRedirect(reverse("admin:connections_auditevent_changelist") + f"?group={group.pk}")

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        self.delete_queryset(request, Group.objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        actor, origin = user_of(request), web_origin(request)
        if loosening := next((group for group in queryset if loosens(group)), None):
            raise NobodyMay(LOOSENS % loosening.name)
        lines = [group_deleted_line(group, actor, origin) for group in queryset.order_by("pk")]
        super().delete_queryset(request, queryset)
        append(lines)
