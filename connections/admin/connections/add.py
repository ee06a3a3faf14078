"""The page on which one connection is added by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.accounts.credentials import ensure_default_account
from connections.admin.connections.sight import check_may_add
from connections.admin.pages import page_context
from connections.inventory.add import AlreadyKnown, add_connection
from connections.models import Account, Connection
from connections.models.connections import accounts_visible_to
from connections.models.formats import YEARS, validate_one_line
from connections.web.origin import user_of, web_origin
from connections.words import zones

LINES = ("device_address", "connection_id", "device_name", "service_name", "opened_by")
MOMENTS = ("opened_at", "expires_at")


class MomentField(forms.DateTimeField):
    """A day and a time, ISO 8601: with its offset from UTC, or by the clocks of the zone in force."""

    input_formats = ()
    default_error_messages = {
        "invalid": gettext_lazy(
            "Write it like 2026-03-01 14:30, or with its offset from UTC, like 2026-03-01T14:30Z; "
            "of the years 1970 to 2999."
        ),
        "ambiguous_timezone": gettext_lazy(
            "The clocks are changed then, so this time is there twice or not at all. Write it with its offset from UTC."
        ),
    }

    def to_python(self, value: Any) -> datetime | None:
        if value and not any(between in value.strip() for between in "T "):
            raise ValidationError(self.error_messages["invalid"], code="invalid")  # a day alone would be a guess
        try:
            moment: datetime | None = super().to_python(value)
        except ValidationError as error:
            code = error.code if error.code == "ambiguous_timezone" else "invalid"
            raise ValidationError(self.error_messages[code], code=code) from None
        if moment is not None and moment.year not in YEARS:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return moment


class AddForm(forms.ModelForm):
    """What a person knows of one connection."""

    class Meta:
        model = Connection
        fields = ("account", *LINES, *MOMENTS)
        field_classes = dict.fromkeys(MOMENTS, MomentField)
        widgets = {
            **{name: forms.TextInput(attrs={"autocomplete": "off"}) for name in LINES},
            **{
                name: forms.TextInput(attrs={"autocomplete": "off", "placeholder": "2026-03-01 14:30"})
                for name in MOMENTS
            },
        }
        labels = {"device_name": gettext_lazy("Device name"), "service_name": gettext_lazy("Service name")}
        error_messages = {
            "device_address": {"required": gettext_lazy("A stop needs the service address.")},
            "connection_id": {"required": gettext_lazy("A stop needs the connection id.")},
        }

    def __init__(self, data: Any, accounts: QuerySet[Account]) -> None:
        super().__init__(data)
        for name in LINES:
            self.fields[name].validators.append(validate_one_line)
        zone = zones.in_words(timezone.get_current_timezone(), timezone.now())
        for name in MOMENTS:
            self.fields[name].help_text = _("In %s, or with an offset of its own.") % zone
        self.fields["account"] = forms.ModelChoiceField(
            accounts,
            label=_("Account"),
            initial=accounts.filter(name=Account.DEFAULT).first(),
            empty_label=_("Choose an account"),
            error_messages={"required": _("Choose an account.")},
        )

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        opened, ends = said.get("opened_at"), said.get("expires_at")
        if opened and ends and ends < opened:
            self.add_error("expires_at", _("That is before it was opened."))
        return said


def add_view(request: HttpRequest) -> HttpResponse:
    """The page at Django's own address for it."""
    check_may_add(request, but=_("Nothing was added."))
    ensure_default_account()
    form, known = (
        AddForm(request.POST if request.method == "POST" else None, accounts_visible_to(request.user).kept()),
        None,
    )
    if form.is_valid():
        try:
            added = add_connection(form.save(commit=False), actor=user_of(request), origin=web_origin(request))
        except AlreadyKnown as error:
            form.add_error("connection_id", str(error))
            known = error.connection
        else:
            messages.success(request, _("Added, as you know it. Only remote.it knows whether it is open."))
            return HttpResponseRedirect(reverse("admin:connections_connection_change", args=[added.pk]))
    context = page_context(request, Connection, title=_("Add a connection"), form=form, known=known)
    return TemplateResponse(request, "admin/connections/add.html", context)
