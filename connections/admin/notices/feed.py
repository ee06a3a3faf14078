"""What the bell of an open page asks for every so many seconds: how many are not read, and what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from connections.admin.notices.bell import notices_of
from connections.notices.ways import ways_of
from connections.web.origin import user_of
from connections.words.telling.notices import sentence

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from connections.models import Notice

MOST = 5


@never_cache
@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """The newest notices after `?after=PK`; without it none, but where the next question goes on from."""
    user = user_of(request)
    mine = notices_of(user)
    newest = mine.values_list("pk", flat=True).first() or 0
    text = request.GET.get("after", "")
    after = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else newest
    fresh = list(mine.unread().filter(pk__gt=after)[:MOST]) if newest > after else []
    ways = ways_of(user) if fresh else {}
    told = [_told(notice, ways) for notice in reversed(fresh)]
    return JsonResponse({"newest": newest, "unread": mine.unread().count(), "notices": told})


def _told(notice: Notice, ways: dict[str, list[str]]) -> dict[str, Any]:
    kinds = {way: notice.kind in ways[way] for way in ("browser", "sound")}
    return {"id": notice.pk, "words": sentence(notice.kind, notice.facts), **kinds}
