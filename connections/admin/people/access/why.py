"""Why somebody is given more, asked for in every form that does; and what comes of it, told to who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.admin.approvals.changes import say_waits
from connections.proposals.asking import REASON_LENGTH
from connections.proposals.rights import settle_person
from connections.stops import ceilings
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

    from connections.people.lines import Standing

NAME = "reason"


def is_asked() -> bool:
    """Whether what is given here waits for a second person."""
    return ceilings.are_used(timezone.now())


def why_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=REASON_LENGTH,
        help_text=gettext_lazy("What gives more waits for a second person, who reads this; what takes away does not."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def ask_why(form: forms.BaseForm, *names: str) -> None:
    """Refuse `form`, in its `clean`, where one of its fields `names` gives more than before and nothing says why."""
    is_silent = NAME in form.fields and not form.cleaned_data.get(NAME) and NAME not in form.errors
    if is_silent and any(_gives(form, name) for name in names if name in form.fields) and is_asked():
        form.add_error(NAME, _("Say why: a second person decides about what this gives. Nothing was changed."))


def settle(request: HttpRequest, form: forms.BaseForm, person: User, before: Standing, others: list[str]) -> None:
    """Tell the history what became of `person` since `before`, and say what of it waits. See `settle_person`."""
    actor, origin = user_of(request), web_origin(request)
    reason = form.cleaned_data.get(NAME, "")
    say_waits(request, settle_person(person, before, others, actor=actor, origin=origin, reason=reason))


def _gives(form: forms.BaseForm, name: str) -> bool:
    new, old = form.cleaned_data.get(name), form.get_initial_for_field(form.fields[name], name)
    if isinstance(new, bool):
        return new and not old
    return bool(_keys(new) - _keys(old))


def _keys(found: Any) -> set[Any]:
    if found is None:
        return set()
    return {getattr(one, "pk", one) for one in (found if hasattr(found, "__iter__") else [found])}
