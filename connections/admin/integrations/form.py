"""The form by which a token is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.inventory.match import MatchError, parse
from connections.models.integrations.tokens import NAME_LENGTH, Scope
from connections.people import tokens
from remoteit_admin.hosts import own_network

if TYPE_CHECKING:
    from connections.models import ApiToken

MOST = 999_999_999
MOST_NETWORKS = 50


class TokenForm(forms.Form):
    """What `tokens.make` is given. `person` makes it: for themselves, or for an account that can't sign in."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        help_text=gettext_lazy("The program that gets it. The history calls it so."),
        error_messages={"required": gettext_lazy("Give it a name.")},
    )
    owner: forms.ModelChoiceField = forms.ModelChoiceField(
        label=gettext_lazy("Owner"),
        queryset=User.objects.none(),
        empty_label=None,
        help_text=gettext_lazy("It may never more than its owner may at that moment."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=[(str(one), f"{one}: {one.label}") for one in Scope],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )
    days = forms.IntegerField(
        label=gettext_lazy("Ends after so many days"),
        initial=tokens.DEFAULT_DAYS,
        min_value=1,
        max_value=tokens.MOST_DAYS,
    )
    narrower = forms.CharField(
        label=gettext_lazy("Only connections that this search matches"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("As in the list of connections: plant 7 service:ssh"),
    )
    most_per_run = forms.IntegerField(
        label=gettext_lazy("At most so many connections in a run"), required=False, min_value=1, max_value=MOST
    )
    most_per_hour = forms.IntegerField(
        label=gettext_lazy("At most so many connections in an hour"), required=False, min_value=1, max_value=MOST
    )
    networks = forms.CharField(
        label=gettext_lazy("Taken only from these addresses or networks"),
        required=False,
        max_length=3000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("By commas: 192.0.2.14, 198.51.100.0/24. Empty: from anywhere."),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        owners = tokens.owners_for(person)
        field = cast("forms.ModelChoiceField", self.fields["owner"])
        field.queryset, field.initial = owners, person.pk
        if owners.count() == 1:
            del self.fields["owner"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise ValidationError(_("One line of %d characters at most.") % NAME_LENGTH)
        return name

    def clean_narrower(self) -> str:
        text: str = self.cleaned_data["narrower"]
        if text:
            try:
                parse(text)
            except MatchError as error:
                raise ValidationError(str(error)) from None
        return text

    def clean_networks(self) -> list[str]:
        found = []
        for text in self.cleaned_data["networks"].replace(",", " ").split():
            try:
                found.append(own_network(text))
            except ValueError:
                raise ValidationError(_("“%s” is no address or network.") % text) from None
        if len(found) > MOST_NETWORKS:
            raise ValidationError(_("At most %d.") % MOST_NETWORKS)
        return found

    def wish(self) -> dict[str, Any]:
        """What was asked for, as `tokens.make` takes it."""
        return {"owner": self.person, **self.cleaned_data}


def from_earlier(token: ApiToken) -> dict[str, Any]:
    """What the form begins with when the successor of `token` is made: all that it may, and nothing more."""
    return {
        "name": token.name,
        "owner": token.owner_id,
        "scopes": token.scopes,
        "narrower": token.narrower,
        "most_per_run": token.most_per_run,
        "most_per_hour": token.most_per_hour,
        "networks": ", ".join(token.networks),
    }
