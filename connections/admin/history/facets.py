"""The menus by which the history is narrowed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from connections.admin.history.form import CHIPS, MENUS

if TYPE_CHECKING:
    from django.http import HttpRequest

    from connections.admin.history.form import HistoryForm
    from connections.audit.search import Filters


def menus(request: HttpRequest, form: HistoryForm) -> list[dict[str, Any]]:
    """Each menu's name, the word for the chosen value or None, and its choices. One without a value is left out."""
    found = []
    for name, nothing in MENUS.items():
        chosen = form.data.get(name, "")
        values = form.choices(name)
        choices = [(str(nothing), link(request, before=None, **{name: None}), not chosen)]
        choices += [(word, link(request, before=None, **{name: value}), value == chosen) for value, word in values]
        if values:
            found.append({"name": form.fields[name].label, "chosen": dict(values).get(chosen), "choices": choices})
    return found


def chips(request: HttpRequest, form: HistoryForm) -> list[tuple[str, str, str]]:
    """Filters that are set by a link alone: the name, the value, and the link that takes it away."""
    chosen = {name: form.cleaned_data[name] for name in CHIPS if form.cleaned_data[name]}
    return [
        (str(form.fields[name].label), str(value), link(request, before=None, **{name: None}))
        for name, value in chosen.items()
    ]


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
    """Periods to choose from: word, link and whether chosen for each. Those without an end reach until now."""
    today = timezone.localdate()
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    spans: dict[str, tuple[date | None, date | None]] = {_("Any"): (None, None), _("Today"): (today, None)}
    spans |= {_("Last %d days") % days: (today - timedelta(days=days - 1), None) for days in (7, 30)}
    spans |= {
        _("This month"): (month, None),
        _("Last month"): (before.replace(day=1), before),
        _("This quarter"): (quarter, None),
    }
    # On the first of a month two of them are the same: one is chosen.
    chosen = next((word for word, span in spans.items() if span == (filters.since, filters.until)), None)
    return [
        (word, link(request, before=None, **{"from": start, "to": end}), word == chosen)
        for word, (start, end) in spans.items()
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
