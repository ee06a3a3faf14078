"""The form of an account. What it signs in with goes in and never comes out again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.accounts.credentials import (
    Credentials,
    InvalidCredentials,
    Kind,
    NoCredentials,
    check_storable,
    credentials_in_environment,
    credentials_in_file,
    kind_of,
    stored_credentials,
)
from connections.models import Account, StoredCredentials
from connections.models.formats import validate_one_line

FILE = "file"
REMOVE = "remove"
PARTS = {
    Kind.ACCESS_KEY: ("access_key_id", "secret_access_key"),
    Kind.TOKEN: ("token",),
    Kind.PASSWORD: ("username", "password"),
}
"""The fields of each kind, all of them needed. The developer key goes with each kind."""


class WriteOnlyTextarea(forms.Textarea):
    """A textarea that never shows what was sent with it, as Django's PasswordInput."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


def _secret(label: Any, *, strip: bool = True) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(
        label=label, required=False, widget=widget, strip=strip, max_length=4000, validators=[validate_one_line]
    )


def _plain(label: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(label=label, required=False, widget=widget, max_length=400, validators=[validate_one_line])


class AccountForm(forms.ModelForm):
    """An account and, where they are typed, new credentials: in `credentials` after validation, None to keep those.

    `removes`: what is stored shall go instead. An empty field keeps what is stored, as far as the kind stays the same.
    """

    kind = forms.ChoiceField()
    access_key_id = _plain(gettext_lazy("Access key id"))
    secret_access_key = _secret(gettext_lazy("Secret access key"))
    username = _plain(gettext_lazy("User name"))
    password = _secret(gettext_lazy("Password"), strip=False)
    token = _secret(gettext_lazy("Token"))
    file = forms.CharField(
        label=gettext_lazy("Text of the file"),
        required=False,
        max_length=20_000,
        widget=WriteOnlyTextarea(attrs={"rows": 5, "autocomplete": "off", "spellcheck": "false"}),
    )
    developer_key = _secret(gettext_lazy("Developer key"))

    class Meta:
        model = Account
        fields = ("name", "stop_call")
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}
        error_messages = {
            "name": {"required": gettext_lazy("Give it a name."), "unique": gettext_lazy("There is one of this name.")}
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.credentials: Credentials | None = None
        self.stored = self._read_stored()
        self.fields["name"].validators.append(validate_one_line)
        # Under another name the environment's account would be made once more.
        self.fields["name"].disabled = self.instance.name == Account.DEFAULT
        choices = [*Kind.choices, (FILE, _("text of a ~/.remoteit/credentials file"))]
        keeps = self.instance.pk is not None and self.stored is None
        offered = [("", self._nothing_stored()), *choices] if keeps else choices
        if self.instance.pk is not None and StoredCredentials.objects.filter(account=self.instance).exists():
            offered = [*offered, (REMOVE, self._removal())]
        self.fields["kind"] = forms.ChoiceField(label=_("Kind"), choices=offered, required=not keeps)
        self.initial["kind"] = kind_of(self.stored) if self.stored else "" if keeps else Kind.ACCESS_KEY

    def _read_stored(self) -> Credentials | None:
        if self.instance.pk is None:
            return None
        try:
            return stored_credentials(self.instance)
        except NoCredentials:
            return None

    def _nothing_stored(self) -> str:
        in_environment = self._in_environment()
        return (
            _("from the environment: %s") % kind_of(in_environment).label if in_environment else _("keep it as it is")
        )

    def _removal(self) -> str:
        in_environment = self._in_environment()
        if in_environment is None:
            return _("none: remove what is stored")
        return _("remove what is stored, and take the environment's: %s") % kind_of(in_environment).label

    def _in_environment(self) -> Credentials | None:
        return credentials_in_environment() if self.instance.name == Account.DEFAULT else None

    @property
    def removes(self) -> bool:
        return self.cleaned_data.get("kind") == REMOVE

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        kind = said.get("kind")
        if not kind or kind == REMOVE or self.errors:
            return said
        try:
            given = self._from_file(said) if kind == FILE else self._from_fields(Kind(kind), said)
            if given is not None:
                check_storable(given, said["stop_call"])
                self.credentials = given
        except InvalidCredentials as error:
            field = "file" if kind == FILE and error.field in PARTS[Kind.ACCESS_KEY] else error.field
            self.add_error(field or None, str(error))
        return said

    def _from_fields(self, kind: Kind, said: dict[str, Any]) -> Credentials | None:
        """What was typed for the chosen kind, over what is stored; None when that is nothing or not enough."""
        typed = {name: said[name] for name in (*PARTS[kind], "developer_key") if said.get(name)}
        same = self.stored is not None and kind_of(self.stored) == kind
        if not typed and same:
            return None
        # The halves of two access keys don't fit.
        kept = same and not (kind is Kind.ACCESS_KEY and typed.keys() & set(PARTS[kind]))
        known = {name: getattr(self.stored, name) for name in PARTS[kind]} if kept else {}
        values = {**self._developer_key(), **known, **typed}
        lacking = [name for name in PARTS[kind] if not values.get(name)]
        for name in lacking:
            self.add_error(name, _("%s is missing.") % self.fields[name].label)
        return None if lacking else Credentials(**values)

    def _from_file(self, said: dict[str, Any]) -> Credentials:
        read = credentials_in_file(said["file"])
        key = said["developer_key"] or read.developer_key
        return replace(read, **({"developer_key": key} if key else self._developer_key()))

    def _developer_key(self) -> dict[str, str]:
        return {"developer_key": self.stored.developer_key} if self.stored else {}
