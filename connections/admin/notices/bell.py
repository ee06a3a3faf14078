"""The bell: the menu of every page's head, the page of all notices, and marking as read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from connections.admin.notices.rows import rows, target
from connections.models import Notice
from connections.web.origin import user_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse

    from connections.models.telling.bell import NoticeQuerySet

IN_THE_MENU = 8
PER_PAGE = 50
MOST_UNREAD = 99


@never_cache
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """All of the person's notices; `?show=open` or `unread` for those alone."""
    mine = notices_of(user_of(request))
    show = request.GET.get("show", "")
    shown = {"open": mine.open(), "unread": mine.unread()}.get(show, mine)
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **admin.site.each_context(request),
        "title": _("Notices"),
        "page": page,
        "rows": rows(page.object_list),
        "show": show if show in ("open", "unread") else "",
        **_counts(mine),
    }
    return TemplateResponse(request, "admin/notices/list.html", context)


@never_cache
@require_safe
def menu(request: HttpRequest) -> HttpResponse:
    """What the bell opens: what is open, then what happened and is not read."""
    mine = notices_of(user_of(request))
    open_now = list(mine.open()[:IN_THE_MENU])
    others = mine.exclude(pk__in=[notice.pk for notice in open_now])
    lately = [*others.unread()[:IN_THE_MENU], *others.exclude(read_at=None)[:IN_THE_MENU]][:IN_THE_MENU]
    context = {"open_rows": rows(open_now), "rows": rows(lately), **_counts(mine)}
    return TemplateResponse(request, "admin/notices/_menu.html", context)


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark one as read and lead to what it is about, or mark all up to the newest that was shown."""
    user, now = user_of(request), timezone.now()
    pk, up_to = _number(request, "pk"), _number(request, "up_to")
    if pk is not None:
        notice = notices_of(user).filter(pk=pk).first()
        if notice is not None:
            Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=now)
            return HttpResponseRedirect(target(notice))
    elif up_to is not None:
        Notice.objects.filter(user=user, pk__lte=up_to, read_at=None).update(read_at=now)
    return HttpResponseRedirect(reverse("notices"))


def notices_of(user: User) -> NoticeQuerySet:
    """The notices of `user` whose cause they may see, newest first."""
    return Notice.objects.of(user).select_related("alarm", "account")


def _counts(mine: NoticeQuerySet) -> dict[str, Any]:
    newest = mine.values_list("pk", flat=True).first()
    return {"unread": mine.unread().count(), "open_count": mine.open().count(), "newest": newest or 0}


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
