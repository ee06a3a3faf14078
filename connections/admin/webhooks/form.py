"""The form by which an endpoint is made or changed. Its address and its key are written, never shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connections.models import Endpoint
from connections.notices.outward.endpoints import InvalidEndpoint, check, opened
from connections.notices.outward.events import TYPES

LONGEST_URL = 2000


class EndpointForm(forms.ModelForm):
    url = forms.CharField(
        label=_("Address"),
        max_length=LONGEST_URL,
        help_text=_("https://… It may hold a secret, so it is stored encrypted and its host alone is shown."),
    )
    key = forms.CharField(
        label=_("Routing key"),
        max_length=32,
        required=False,
        help_text=_("For PagerDuty alone."),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(name, name) for name in sorted(set(TYPES.values()))],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what it is told of.")},
    )

    class Meta:
        model = Endpoint
        fields = ("name", "form", "url", "key", "events", "with_names")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["form"]
            self.fields["url"].required = False
            self.fields["url"].help_text = _("Empty: it stays as it is.")
            self.fields["key"].help_text = _("For PagerDuty alone. Empty: it stays as it is.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        url = cleaned.get("url") or (self.instance.pk and opened(self.instance)["url"])
        key = cleaned.get("key") or (self.instance.pk and opened(self.instance)["key"]) or ""
        if url and "url" not in self.errors:
            try:
                check(cleaned.get("form") or self.instance.form, url, key)
            except InvalidEndpoint as error:
                self.add_error(error.field, str(error))
        return cleaned
