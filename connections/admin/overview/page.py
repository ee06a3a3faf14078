"""The first page after signing in: what is open, what is under way, which runs need someone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.overview.charts import open_by, stops_by_hour
from connections.admin.overview.todo import todo
from connections.admin.people.rights_notice import changes_for
from connections.audit import triggers
from connections.live.standing import left_condition, list_state
from connections.models import Account, AuditVerification, Connection, Hold, Measure, StopItem, StopRun, Worker
from connections.models.connections import accounts_visible_to
from connections.models.rights import may
from connections.models.states import ConnectionStatus, Verdict
from connections.templatetags.runs import tab_icon
from connections.words.counts import CAP, count_capped, in_words, number

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


LONGEST_OPEN = 5
HOLDS_SHOWN = 10


def index(request: HttpRequest) -> HttpResponse:
    """Django's first page of the admin with the overview in it, for who may see connections."""
    user = cast("User", request.user)
    seen = _shown(user) if may(user, "view_connection") else {}
    return admin.site.index(request, seen)


def _shown(user: User) -> dict[str, Any]:
    now = overview(user)
    return {"now": now, "title": now["window_title"], "tab_icon": now["tab_icon"]}


def overview(user: User) -> dict[str, Any]:
    """The context of the page, for `user`, who may see connections."""
    connections = Connection.objects.visible_to(user)
    accounts = list(accounts_visible_to(user))
    live = connections.open().within_end()
    workers = Worker.objects.alive().count()
    started = StopRun.objects.visible_to(user).started()
    open_now = count_capped(live)
    to_do = todo(user, has_worker=workers > 0)
    headline = _headline(to_do.count)
    return {
        "changes": changes_for(user),
        "lists": list_state(accounts),
        "open": in_words(open_now),
        "by_account": open_by(live, "account__name") if open_now <= CAP else [],
        "by_service": open_by(live, "service_name") if open_now <= CAP else [],
        "most_open": open_now,
        "hours": stops_by_hour(started, timezone.now()),
        "past_end": count_capped(connections.open().filter(expires_at__lte=timezone.now())),
        "unknown": count_capped(connections.filter(status=ConnectionStatus.UNKNOWN)),
        "stopping": count_capped(connections.filter(status=ConnectionStatus.STOPPING)),
        "waiting": count_capped(StopItem.objects.held().visible_to(user)),
        "workers": workers,
        "triggers_missing": bool(triggers.missing()),
        "verified": AuditVerification.objects.first(),
        "has_runs": started.exists(),
        "todo": to_do,
        "unrestored": _unrestored(user),
        "holds": Hold.objects.visible_to(user).on()[:HOLDS_SHOWN],
        "headline": headline,
        "window_title": _("%(headline)s · overview") % {"headline": headline},
        "tab_icon": tab_icon("trouble" if to_do.count else ""),
        "gone": _confirmed_gone(accounts, user),
        "longest": live.exclude(left_condition(accounts))
        .filter(opened_at__isnull=False)
        .order_by("opened_at", "pk")[:LONGEST_OPEN],
    }


def _unrestored(user: User) -> QuerySet[Measure]:
    """What holds that are over have switched off and not put back yet."""
    found = Measure.objects.not_restored().filter(hold__in=Hold.objects.visible_to(user))
    return found.select_related("member", "hold").order_by("pk")[:HOLDS_SHOWN]


def _headline(count: int) -> str:
    if not count:
        return _("Nothing needs you")
    return ngettext("%(count)s needs you", "%(count)s need you", count) % {"count": number(count)}


def _confirmed_gone(accounts: list[Account], user: User) -> int:
    """Of what was answered in the last day."""
    since = timezone.now() - timedelta(days=1)
    gone = StopItem.objects.filter(account__in=accounts, verdict=Verdict.CONFIRMED_GONE, answered_at__gte=since)
    return count_capped(gone.visible_to(user))
