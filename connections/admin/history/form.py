"""The history's filters, as they stand in an address. What is not understood is refused, in words."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.audit.search import NOT_STOPPED_AT_ALL, Filters
from connections.models import AuditEvent, Connection, Hold, StopRun
from connections.models.connections import accounts_visible_to
from connections.models.rights import may
from connections.models.states import FINISHED, Verdict
from connections.words.actions import ACTIONS

if TYPE_CHECKING:
    from django.http import QueryDict
    from django.utils.functional import Promise

MENUS = {
    "actor": gettext_lazy("Everybody"),
    "action": gettext_lazy("Any"),
    "outcome": gettext_lazy("Any"),
    "account": gettext_lazy("Any"),
}
"""The filters that have a menu, and what its first choice is called, which takes the filter away."""
CHIPS = ("ticket", "device", "hold", "about", "group", "line")
"""The filters that are set by a link alone: each is shown with its value, and can be taken away."""
ABOUT_ONE_THING = ("run", "hold", "connection", "device", "about", "group", "line")
"""With one of these, whoever does not see everybody's history is not shown their own lines alone."""
OTHER_NAMES = {"q": "text", "from": "since", "to": "until"}
"""What a filter is called in `Filters`, where an address has another name for it."""
OUTCOMES: dict[str, str | Promise] = {
    NOT_STOPPED_AT_ALL: gettext_lazy("not stopped, or unknown"),
    **{str(state): state.label for state in FINISHED},
    **{str(verdict): verdict.label for verdict in Verdict},
}
MOST_DIGITS = 18


class UnknownFilter(Exception):
    """A filter or its value is not known. The message is fit for a person."""


class Number(forms.Field):
    """A number in its plainest form; `refusal` holds the place of the value."""

    def __init__(self, refusal: str) -> None:
        super().__init__(required=False, error_messages={"invalid": refusal})

    def to_python(self, value: str | None) -> int | None:
        return _number(value, str(self.error_messages["invalid"])) if value else None


class Day(forms.Field):
    """A day as ISO 8601 writes it."""

    def to_python(self, value: str | None) -> date | None:
        if not value:
            return None
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = date.min
        if not 1970 <= day.year <= 2999:
            words = _("The day “%(value)s” is not known. Write it like 2026-03-01.")
            raise ValidationError(words, params={"value": value})
        return day


class Row(forms.ModelChoiceField):
    """One of `rows`, by primary key in its plainest form or by the value of `to_field_name`."""

    def __init__(self, rows: QuerySet, refusal: str, label: str = "", *, to_field_name: str | None = None) -> None:
        super().__init__(rows, empty_label=None, required=False, label=label, to_field_name=to_field_name)
        self.error_messages["invalid_choice"] = refusal

    def to_python(self, value: Any) -> Any:
        if value and self.to_field_name is None:
            _number(value, str(self.error_messages["invalid_choice"]))
        return super().to_python(value)


class HistoryForm(forms.Form):
    """The filters in `query`, as far as `viewer` may use them. Raises UnknownFilter for a name that is not known."""

    def __init__(self, query: QueryDict, viewer: User) -> None:
        self.viewer = viewer
        known = _fields(viewer)
        super().__init__(_given(query, known))
        self.fields = known

    def clean_device(self) -> str:
        device: str = self.cleaned_data["device"]
        if device and not Connection.objects.visible_to(self.viewer).filter(device_name=device).exists():
            raise ValidationError(_("The device “%(value)s” is not known."), params={"value": device})
        return device

    def clean_line(self) -> int | None:
        line: AuditEvent | None = self.cleaned_data["line"]
        return line.seq if line else None

    def clean(self) -> dict[str, Any]:
        since, until = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if since and until and until < since:
            raise ValidationError(_("The period ends before it begins."))
        return self.cleaned_data

    def choices(self, name: str) -> list[tuple[str, str]]:
        """The values, with their words, that the menu of a filter has."""
        field: Any = self.fields[name]
        return [(str(value), str(words)) for value, words in field.choices]

    def filters(self) -> Filters:
        """What is asked for. Raises UnknownFilter for a value that is not known."""
        for messages in self.errors.values():
            raise UnknownFilter(str(messages[0]))
        chosen = {OTHER_NAMES.get(name, name): value for name, value in self.cleaned_data.items()}
        if not (chosen["actor"] or _sees_all(self.viewer) or any(self.data.get(name) for name in ABOUT_ONE_THING)):
            chosen["actor"] = self.viewer
        return Filters(self.viewer, **chosen)


def _fields(viewer: User) -> dict[str, forms.Field]:
    """Every filter by its name in an address, with the words that refuse what it does not know."""
    sees_all = _sees_all(viewer)
    people = User.objects.all() if sees_all else User.objects.filter(pk=viewer.pk)
    groups = Group.objects.all() if sees_all else Group.objects.none()
    lines, runs = AuditEvent.objects.visible_to(viewer), StopRun.objects.visible_to(viewer).started()
    accounts, connections = accounts_visible_to(viewer), Connection.objects.visible_to(viewer).select_related("account")
    nobody = _("The person “%(value)s” is not known, or you may not see their history.")
    actor = Row(people, nobody, _("Person"))
    # Offered are those who have a history, to whoever may choose.
    actor.choices = lambda: [(one.pk, str(one)) for one in _with_history()] if sees_all else []
    return {
        "from": Day(required=False),
        "to": Day(required=False),
        "actor": actor,
        "action": _choice(
            {key: one.name for key, one in ACTIONS.items()}, _("The action “%(value)s” is not known."), _("Action")
        ),
        "outcome": _choice(OUTCOMES, _("The outcome “%(value)s” is not known."), _("Outcome")),
        "account": Row(accounts, _("The account “%(value)s” is not known."), _("Account"), to_field_name="name"),
        "ticket": forms.CharField(required=False, label=_("Ticket")),
        "device": forms.CharField(required=False, label=_("Device")),
        "about": Row(people, nobody, _("Changes of")),
        "group": Row(groups, _("The group “%(value)s” is not known, or you may not see its history."), _("Group")),
        "line": Row(lines, _("The line “%(value)s” is not known, or you may not see it."), _("Line")),
        "connection": Row(connections, _("The connection “%(value)s” is not known.")),
        "hold": Row(
            Hold.objects.visible_to(viewer), _("The hold “%(value)s” is not known, or you may not see it."), _("Hold")
        ),
        "run": Row(runs, _("The run “%(value)s” is not known, or you may not see it.")),
        "q": forms.CharField(required=False),
        "before": Number(_("The line “%(value)s” is not known.")),
    }


def _with_history() -> QuerySet[User]:
    return User.objects.filter(Exists(AuditEvent.objects.filter(actor=OuterRef("pk")))).order_by("username")


def _choice(words: Mapping[str, str | Promise], refusal: str, label: str) -> forms.ChoiceField:
    errors = {"invalid_choice": refusal}
    return forms.ChoiceField(choices=[*words.items()], required=False, label=label, error_messages=errors)


def _given(query: QueryDict, known: Container[str]) -> dict[str, str]:
    """What `query` asks for, by name; an empty value asks for nothing."""
    given = {}
    for name, values in query.lists():
        if name not in known:
            raise UnknownFilter(_("The filter “%s” is not known.") % name)
        if len(values) > 1:
            raise UnknownFilter(_("The filter “%s” is set more than once.") % name)
        if values[0].strip():
            given[name] = values[0].strip()
    return given


def _number(value: str, refusal: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > MOST_DIGITS:
        raise ValidationError(refusal, params={"value": value})
    return int(value)


def _sees_all(viewer: User) -> bool:
    return may(viewer, "view_all_history")
