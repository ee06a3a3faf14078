"""The first page after signing in: what is open, what is under way, which runs need someone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.door.offer import is_offered
from connections.admin.overview.charts import open_by, stops_by_hour
from connections.admin.overview.decisions import decisions
from connections.admin.overview.todo import todo
from connections.admin.people.rights_notice import changes_for
from connections.audit import triggers
from connections.db.counts import count_together
from connections.live.standing import left_condition, list_state
from connections.models import Account, AuditVerification, Connection, Hold, Measure, StopItem, StopRun, Worker
from connections.models.connections import accounts_visible_to
from connections.models.rights import may
from connections.models.states import ConnectionStatus, Verdict
from connections.stops.progress.needs import needs
from connections.templatetags.runs import tab_icon
from connections.web.around.frame import frame_of
from connections.web.around.once import once
from connections.web.origin import user_of
from connections.words.counts import CAP, in_words, number

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from connections.models.connections import ConnectionQuerySet
    from connections.models.runs import StopRunQuerySet
    from connections.stops.progress.needs import Need
    from connections.web.around.frame import Frame


LONGEST_OPEN = 5
HOLDS_SHOWN = 10


def index(request: HttpRequest) -> HttpResponse:
    """Django's first page of the admin with the overview in it, for who may see connections."""
    if not may(request.user, "view_connection"):
        return admin.site.index(request, {})
    return admin.site.index(request, {**_shown(request), "door_offer": is_offered(request.user)})


def _shown(request: HttpRequest) -> dict[str, Any]:
    now = overview(user_of(request), once(request, frame_of), once(request, needs))
    return {"now": now, "title": now["window_title"], "tab_icon": now["tab_icon"]}


def overview(user: User, frame: Frame, needed: list[Need]) -> dict[str, Any]:
    """The context of the page, for `user`, who may see connections. `frame`, `needed`: what every page asks of them."""
    connections = Connection.objects.visible_to(user)
    accounts = list(accounts_visible_to(user))
    live = connections.open().within_end()
    started = StopRun.objects.visible_to(user).started()
    figures = _figures(user, connections, started, accounts)
    to_do = todo(user, needed, decisions(user, frame), has_worker=frame.has_worker)
    headline = _headline(to_do.count)
    return {
        **figures,
        "changes": changes_for(user),
        "lists": list_state(accounts, has_worker=frame.has_worker),
        "open": in_words(figures["most_open"]),
        **open_by(live, "account", "service", is_counted=figures["most_open"] <= CAP),
        "hours": stops_by_hour(started, timezone.now()),
        "triggers_missing": bool(triggers.missing()),
        "verified": AuditVerification.objects.first(),
        "todo": to_do,
        "unrestored": _unrestored(user) if figures["has_measures"] else [],
        "holds": Hold.objects.visible_to(user).on()[:HOLDS_SHOWN] if frame.holds else [],
        "headline": headline,
        "window_title": _("%(headline)s · overview") % {"headline": headline},
        "tab_icon": tab_icon("trouble" if to_do.count else ""),
        "longest": live.exclude(left_condition(accounts))
        .filter(opened_at__isnull=False)
        .order_by("opened_at", "pk")[:LONGEST_OPEN],
    }


def _figures(
    user: User, connections: ConnectionQuerySet, started: StopRunQuerySet, accounts: list[Account]
) -> dict[str, int]:
    """What the page counts, in one statement."""
    now = timezone.now()
    gone = StopItem.objects.filter(
        account__in=accounts, verdict=Verdict.CONFIRMED_GONE, answered_at__gte=now - timedelta(days=1)
    )
    counted: dict[str, tuple[QuerySet[Any], int]] = {
        "most_open": (connections.open().within_end(), CAP),
        "past_end": (connections.open().filter(expires_at__lte=now), CAP),
        "unknown": (connections.filter(status=ConnectionStatus.UNKNOWN), CAP),
        "stopping": (connections.filter(status=ConnectionStatus.STOPPING), CAP),
        "waiting": (StopItem.objects.held().visible_to(user), CAP),
        "gone": (gone.visible_to(user), CAP),
        "workers": (Worker.objects.alive(), CAP),
        "has_runs": (started, 1),
        "has_measures": (Measure.objects.not_restored(), 1),
    }
    return dict(zip(counted, count_together(list(counted.values())), strict=True))


def _unrestored(user: User) -> QuerySet[Measure]:
    """What holds that are over have switched off and not put back yet."""
    found = Measure.objects.not_restored().filter(hold__in=Hold.objects.visible_to(user))
    return found.select_related("member", "hold").order_by("pk")[:HOLDS_SHOWN]


def _headline(count: int) -> str:
    if not count:
        return _("Nothing needs you")
    return ngettext("%(count)s needs you", "%(count)s need you", count) % {"count": number(count)}
