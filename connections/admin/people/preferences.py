"""The page on which a person chooses their language and their time zone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.models import Preferences
from connections.web.origin import user_of
from connections.words import zones


class PreferencesForm(forms.ModelForm):
    class Meta:
        model = Preferences
        fields = ("time_zone", "language", "send_delay_s")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = zones.in_words(timezone.get_default_timezone(), timezone.now())
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"),
            required=False,
            choices=[("", _("The panel's own: %s") % own), ("UTC", "UTC"), *zones.by_region()],
            help_text=_("Every page shows its times in it. Exports and files stay in UTC."),
            error_messages={"invalid_choice": gettext_lazy("That time zone is not known here.")},
        )
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"),
            required=False,
            choices=[("", _("As the browser asks for")), *settings.LANGUAGES],
        )
        self.fields["send_delay_s"] = forms.TypedChoiceField(
            label=_("Time to take a stop back"),
            required=False,
            coerce=int,
            empty_value=None,
            choices=[
                ("", _("5 s on touch screens and above 100 connections")),
                (0, _("None: send at once")),
                (5, _("Always 5 s")),
                (10, _("Always 10 s")),
            ],
            help_text=_("The run is started, and its first stop leaves after so long, whether a page is open or not."),
        )
        if len(settings.LANGUAGES) < 2:
            del self.fields["language"]


def preferences(request: HttpRequest) -> HttpResponse:
    """For everybody who is signed in. `suggest`: nothing was saved yet, so the browser's zone may be offered."""
    user = user_of(request)
    saved = Preferences.objects.filter(user=user).first()
    form = PreferencesForm(request.POST if request.method == "POST" else None, instance=saved or Preferences(user=user))
    if form.is_valid():
        zone = zones.zone(form.save().time_zone) or timezone.get_default_timezone()
        messages.success(request, _("Saved. Times are shown in %s.") % zones.in_words(zone, timezone.now()))
        return HttpResponseRedirect(reverse("preferences"))
    context = {
        **admin.site.each_context(request),
        "title": _("Language and time zone"),
        "form": form,
        "suggest": saved is None,
        "only_language": "" if "language" in form.fields else settings.LANGUAGES[0][1],
    }
    return TemplateResponse(request, "admin/people/preferences.html", context)
