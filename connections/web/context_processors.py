from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject, lazy
from django.utils.translation import gettext as _

from connections.models import Approval, SendingPause, Worker
from connections.models.approvals import ApprovalState
from connections.models.rights import may
from connections.stops.pause_all import pause_now
from connections.stops.progress.needs import needs
from connections.web.around.frame import MOST, MOST_UNREAD, Frame, approvals_around, frame_of, views_of
from connections.web.around.once import once
from connections.words.counts import in_words, number
from remoteit_admin import __version__


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
    around_now = SimpleLazyObject(lambda: _around(request))
    return {
        "sandbox": settings.SANDBOX,
        "panel_version": __version__,
        "may": May(request),
        "sections": SimpleLazyObject(lambda: _sections(request, around_now)),
        "broken_glass": SimpleLazyObject(lambda: [one for one in around_now if one.state == ApprovalState.GLASS]),
        "bands": SimpleLazyObject(lambda: _bands(request)),
        "bell": SimpleLazyObject(lambda: _unread(request)),
    }


def _around(request: HttpRequest) -> list[Approval]:
    if not hasattr(request, "user") or (_is_staff(request) and not once(request, frame_of).has_approvals):
        return []
    return once(request, approvals_around)


def _bands(request: HttpRequest) -> Bands:
    if not _is_staff(request):
        return Bands()
    frame = once(request, frame_of)
    pause = pause_now() if frame.is_paused else None
    if frame.has_worker:
        return Bands(pause=pause)
    return Bands(no_worker=True, last_sign_at=Worker.objects.aggregate(last=Max("beat_at"))["last"], pause=pause)


def _unread(request: HttpRequest) -> str:
    """How many notices are not read, for the bell; "" for none."""
    count = once(request, frame_of).unread if _is_staff(request) else 0
    return f"{MOST_UNREAD}+" if count > MOST_UNREAD else str(count or "")


def _is_staff(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated and user.is_staff


def _sections(request: HttpRequest, around_now: Any) -> list[Section]:
    if not _is_staff(request):
        return []
    user = request.user
    home, to_do = reverse("admin:index"), len(once(request, needs))
    count = in_words(to_do) if to_do else ""
    sections = [Section("o", _("Overview"), home, count, is_current=request.path == home, is_urgent=True)]
    if may(user, "view_connection"):
        frame = once(request, frame_of)
        sections += [
            _section(request, "c", _("Connections"), "connection", _open_words(frame)),
            _section(request, "r", _("Runs"), "stoprun", in_words(frame.runs, MOST) if frame.runs else ""),
            *_approvals(request, user, around_now),
            _section(request, "d", _("Holds"), "hold", in_words(frame.holds, MOST) if frame.holds else ""),
            _section(request, "h", _("History"), "auditevent"),
        ]
    if may(user, "view_account") or may(user, "change_account"):
        sections.append(_section(request, "a", _("Accounts"), "account"))
    if may(user, "view_user"):
        url, others = reverse("people"), reverse("admin:app_list", args=["auth"])
        is_current = request.path.startswith((url, others))
        sections.append(Section("u", _("People"), url, is_current=is_current))
    if may(user, "view_connection") or may(user, "change_user"):
        sections.append(_section(request, "i", _("Integrations"), "apitoken"))
    return sections


def _approvals(request: HttpRequest, user: Any, around_now: list[Approval]) -> list[Section]:
    """For who may decide; and for whose own request waits."""
    decides = may(user, "approve_runs")
    count = sum(one.needs_somebody and (decides or one.run.user_id == user.pk) for one in around_now)
    count += once(request, frame_of).changes
    if not count and not decides:
        return []
    return [_section(request, "p", _("Approvals"), "approval", in_words(count) if count else "")]


def _start(request: HttpRequest) -> str:
    """The query of the list that the person begins with; "" for all that is open."""
    own = (view for view in once(request, views_of) if view.user_id == request.user.pk and view.is_start)
    view = next(own, None)
    return f"?{view.query}&view={view.pk}" if view else ""


def _section(request: HttpRequest, key: str, name: str, model: str, count: str = "") -> Section:
    url = reverse(f"admin:connections_{model}_changelist")
    # The confirm page is on the way from the list; its run is none yet.
    confirming = request.path.endswith("/confirm/")
    is_current = model == "connection" if confirming else request.path.startswith(url)
    # A page's refresh shows the counts alone, and asks for no saved view.
    shown = lazystr(lambda: f"{url}{_start(request)}") if model == "connection" else url
    return Section(key, name, shown, count, is_current)


def _open_words(frame: Frame) -> str:
    """Those that were looked at are counted; more than they may be open."""
    return _("%(count)s or more") % {"count": number(frame.open)} if frame.is_least else in_words(frame.open, MOST)


def _made(text: Callable[[], str]) -> str:
    return text()


lazystr = lazy(_made, str)
