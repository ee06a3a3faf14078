from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from connections.db.counts import count_together
from connections.models import Approval, Connection, Hold, SavedView, SendingPause, StopItem, StopRun, Worker
from connections.models.approvals import ApprovalState
from connections.models.rights import may
from connections.stops.approvals import around
from connections.stops.pause_all import pause_now
from connections.stops.progress.needs import needs
from connections.words.counts import in_words
from remoteit_admin import __version__

MOST = 20_000
"""How far the navigation counts: it stands on every page."""


@dataclass(frozen=True)
class Section:
    """One entry of the navigation. `key` is the letter that leads there after `g`."""

    key: str
    name: str
    url: str
    count: str = ""
    is_current: bool = False
    is_urgent: bool = False
    """Whether the count is of what needs the reader, and not of what there is."""


@dataclass(frozen=True)
class Bands:
    """What every page has to say at its head: that no worker is alive, since when, and that all sending is paused."""

    no_worker: bool = False
    last_sign_at: datetime | None = None
    pause: SendingPause | None = None


class May:
    """What the person of the page may, by the name of a permission, for templates: `{% if may.stop_connection %}`."""

    def __init__(self, request: HttpRequest) -> None:
        self._user = getattr(request, "user", None)

    def __getitem__(self, permission: str) -> bool:
        return self._user is not None and may(self._user, permission)


def panel(request: HttpRequest) -> dict[str, Any]:
    """What every page says of the panel itself. The sections are counted only where a page shows them."""
    around_now = SimpleLazyObject(lambda: around(timezone.now(), request.user) if hasattr(request, "user") else [])
    return {
        "sandbox": settings.SANDBOX,
        "panel_version": __version__,
        "may": May(request),
        "sections": SimpleLazyObject(lambda: _sections(request, around_now)),
        "broken_glass": SimpleLazyObject(lambda: [one for one in around_now if one.state == ApprovalState.GLASS]),
        "bands": SimpleLazyObject(lambda: _bands(request)),
    }


def _bands(request: HttpRequest) -> Bands:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_staff:
        return Bands()
    if Worker.objects.alive().exists():
        return Bands(pause=pause_now())
    last = Worker.objects.aggregate(last=Max("beat_at"))["last"]
    return Bands(no_worker=True, last_sign_at=last, pause=pause_now())


def _sections(request: HttpRequest, around_now: Any) -> list[Section]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_staff:
        return []
    home, to_do = reverse("admin:index"), len(needs(user))
    count = in_words(to_do) if to_do else ""
    sections = [Section("o", _("Overview"), home, count, is_current=request.path == home, is_urgent=True)]
    if may(user, "view_connection"):
        open_now, under_way, holds = _counted(user)
        sections += [
            _section(request, "c", _("Connections"), "connection", open_now, _start(request)),
            _section(request, "r", _("Runs"), "stoprun", under_way),
            *_approvals(request, user, around_now),
            _section(request, "d", _("Holds"), "hold", holds),
            _section(request, "h", _("History"), "auditevent"),
        ]
    if may(user, "view_account") or may(user, "change_account"):
        sections.append(_section(request, "a", _("Accounts"), "account"))
    if may(user, "view_user"):
        url = reverse("admin:app_list", args=["auth"])
        sections.append(Section("u", _("People"), url, is_current=request.path.startswith(url)))
    return sections


def _approvals(request: HttpRequest, user: Any, around_now: list[Approval]) -> list[Section]:
    """For who may decide; and for whose own request waits."""
    decides = may(user, "approve_runs")
    count = sum(one.needs_somebody and (decides or one.run.user_id == user.pk) for one in around_now)
    if not count and not decides:
        return []
    return [_section(request, "p", _("Approvals"), "approval", in_words(count) if count else "")]


def _start(request: HttpRequest) -> str:
    """The query of the list that the person begins with; "" for all that is open."""
    view = SavedView.objects.filter(user=request.user.pk, is_start=True).first()
    return f"?{view.query}&view={view.pk}" if view else ""


def _section(request: HttpRequest, key: str, name: str, model: str, count: str = "", query: str = "") -> Section:
    url = reverse(f"admin:connections_{model}_changelist")
    # The confirm page is on the way from the list; its run is none yet.
    confirming = request.path.endswith("/confirm/")
    is_current = model == "connection" if confirming else request.path.startswith(url)
    return Section(key, name, f"{url}{query}", count, is_current)


def _counted(user: Any) -> tuple[str, str, str]:
    """How many connections are open, runs under way and holds on, for `user`: no further than costs nobody a moment."""
    live = Connection.objects.visible_to(user).open().within_end()
    unfinished = StopItem.objects.unfinished().visible_to(user)
    under_way = StopRun.objects.visible_to(user).started().filter(pk__in=unfinished.values("run"))
    on = Hold.objects.visible_to(user).on()
    connections, *others = count_together([(live, MOST), (under_way, MOST), (on, MOST)])
    runs, holds = (in_words(count, MOST) if count else "" for count in others)
    return in_words(connections, MOST), runs, holds
