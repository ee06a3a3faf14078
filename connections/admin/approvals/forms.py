"""What a person writes beside a decision."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from connections.models.runs import TICKET_LENGTH
from connections.stops.approvals import NOTE_LENGTH


class DenyForm(forms.Form):
    note = forms.CharField(
        label=_("Reason to deny"),
        max_length=NOTE_LENGTH,
        help_text=_("Who asked reads it; it stands in the history. Nothing is sent."),
        error_messages={"required": _("Say why. Nothing was decided.")},
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ReviewForm(forms.Form):
    note = forms.CharField(
        label=_("What the review found"),
        max_length=NOTE_LENGTH,
        help_text=_("It stands in the history."),
        error_messages={"required": _("Say what the review found. Nothing was changed.")},
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class GlassForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        error_messages={"required": _("Say why nobody could be waited for. Nothing was sent.")},
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    ticket = forms.CharField(
        label=_("Ticket"),
        max_length=TICKET_LENGTH,
        error_messages={"required": _("A ticket is needed to break the glass. Nothing was sent.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
