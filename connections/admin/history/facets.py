"""The menus by which the history is narrowed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from connections.admin.history.query import OUTCOMES, people
from connections.models import Account
from connections.words.actions import ACTIONS

if TYPE_CHECKING:
    from django.http import HttpRequest

    from connections.audit.search import Filters


def facets(request: HttpRequest, filters: Filters) -> list[dict[str, Any]]:
    """The filters to choose from."""
    persons = [(str(user.pk), user.get_username()) for user in people(filters.viewer)]
    chosen = str(filters.actor.pk) if filters.actor else ""
    actions = [(key, str(words.name)) for key, words in ACTIONS.items()]
    outcomes = [(key, str(word)) for key, word in OUTCOMES.items()]
    accounts = [(name, name) for name in Account.objects.values_list("name", flat=True)]
    return [
        *([_facet(request, "actor", _("Person"), _("Everybody"), chosen, persons)] if persons else []),
        _facet(request, "action", _("Action"), _("Any"), filters.action, actions),
        _facet(request, "outcome", _("Outcome"), _("Any"), filters.outcome, outcomes),
        _facet(request, "account", _("Account"), _("Any"), filters.account.name if filters.account else "", accounts),
    ]


def chips(request: HttpRequest, filters: Filters) -> list[tuple[str, str, str]]:
    """Filters that are set by a link alone: the name, the value, and the link that takes it away."""
    about = filters.about.get_username() if filters.about else ""
    named = (
        ("ticket", _("Ticket"), filters.ticket),
        ("device", _("Device"), filters.device),
        ("about", _("Changes of"), about),
        ("group", _("Group"), filters.group.name if filters.group else ""),
        ("line", _("Line"), str(filters.line or "")),
    )
    return [(name, value, link(request, before=None, **{key: None})) for key, name, value in named if value]


def period(filters: Filters) -> str:
    """The days asked for, in words; "" for all."""
    since = date_format(filters.since, "j F Y") if filters.since else ""
    until = date_format(filters.until, "j F Y") if filters.until else ""
    if since and until:
        return since if since == until else _("%(since)s to %(until)s") % {"since": since, "until": until}
    if since:
        return _("since %s") % since
    return _("until %s") % until if until else ""


def periods(request: HttpRequest, filters: Filters) -> list[tuple[str, str, bool]]:
    """Periods to choose from, which all reach until now: word, link and whether chosen for each."""
    today = timezone.localdate()
    starts = {_("Any"): None, _("Today"): today}
    starts |= {_("Last %d days") % days: today - timedelta(days=days - 1) for days in (7, 30)}
    return [
        (
            word,
            link(request, before=None, **{"from": start, "to": None}),
            (start, None) == (filters.since, filters.until),
        )
        for word, start in starts.items()
    ]


def kept(request: HttpRequest, *names: str) -> list[tuple[str, str]]:
    """The filters that a form sends along beside its own fields, `names`."""
    return [(name, request.GET[name]) for name in request.GET if name not in (*names, "before")]


def link(request: HttpRequest, **changes: Any) -> str:
    """The page's own query with `changes`; None takes a filter away."""
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return f"?{query.urlencode()}"


def _facet(
    request: HttpRequest, key: str, name: str, nothing: str, chosen: str, values: list[tuple[str, str]]
) -> dict[str, Any]:
    """One filter: its name, the word for the chosen value or "", and word, link and whether chosen for each."""
    choices = [(nothing, link(request, before=None, **{key: None}), not chosen)]
    choices += [(word, link(request, before=None, **{key: value}), value == chosen) for value, word in values]
    return {"name": name, "chosen": dict(values).get(chosen, ""), "choices": choices}
