"""What a person fills in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.models.runs import TICKET_LENGTH

TYPED_COUNT_ABOVE = 100
"""Stopping more connections than this asks for their number."""


def as_count(text: str) -> int | None:
    """The count in `text`, however its thousands are separated; None when it is no count."""
    digits = "".join(text.split()).replace(",", "").replace(".", "").replace("'", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


class StopForm(forms.Form):
    """Why connections are stopped. `key` names the list: a form that is sent twice leads to one run."""

    key = forms.CharField(
        max_length=32, validators=[RegexValidator(r"\A[A-Za-z0-9_-]{16,}\Z")], widget=forms.HiddenInput
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        help_text=gettext_lazy("Kept in the history and the evidence for good."),
        error_messages={"required": gettext_lazy("Write why. It cannot be added later.")},
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    ticket = forms.CharField(
        label=gettext_lazy("Ticket"),
        max_length=TICKET_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ConfirmForm(StopForm):
    """The same for a list of connections, whose number is typed when they are many."""

    count = forms.CharField(widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}))

    def __init__(self, data: Any = None, *, key: str, total: int, reason: str = "", ticket: str = "") -> None:
        super().__init__(data, initial={"key": key, "reason": reason, "ticket": ticket})
        self.fields["reason"].widget.attrs["autofocus"] = True
        self.expected_key = key
        self.total = total
        if total <= TYPED_COUNT_ABOVE:
            del self.fields["count"]
            return
        count, shown = self.fields["count"], {"total": number_format(total, force_grouping=True)}
        count.label = _("Type %(total)s to confirm") % shown
        count.help_text = _("Asked for above %(count)s connections.") % {"count": number_format(TYPED_COUNT_ABOVE)}
        count.error_messages["required"] = _("Type %(total)s: that many connections are stopped.") % shown

    def clean_key(self) -> str:
        if self.cleaned_data["key"] != self.expected_key:
            raise forms.ValidationError(_("This form belongs to another list."))
        return self.expected_key

    def clean_count(self) -> str:
        typed: str = self.cleaned_data["count"]
        total = number_format(self.total, force_grouping=True)
        if as_count(typed) != self.total:
            raise forms.ValidationError(
                _("You typed %(typed)s; this covers %(total)s connections.") % {"typed": typed, "total": total}
            )
        return typed
