"""The page "who can still reach this": seven ways to one service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from connections.accounts.credentials import NoCredentials
from connections.admin.holds.page import CSS, SIGNS
from connections.admin.pages import Page, page_context
from connections.admin.refusals import Lacks
from connections.holds.members import at_services
from connections.holds.ways import Standing, read_again, ways_of
from connections.models import Account, Connection, Hold, ServiceWays
from connections.models.holding.holds import PERMISSIONS
from connections.models.rights import NOTHING_CHANGED, may, missing
from connections.web.origin import user_of, web_origin
from connections.words.holds.ways import ICONS, NAMES, STANDINGS, closed_by

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse

    from connections.holds.ways import Way

MOST_NAMED = 8
ORDER = (Standing.OPEN, Standing.NOT_KNOWN, Standing.CLOSED)


@require_http_methods(["GET", "HEAD", "POST"])
def reach_view(request: HttpRequest, account: int, key: str) -> HttpResponse:
    """What the last reading told; a POST reads again, and has its line in the history."""
    if lacking := missing(request.user, "view_connection"):
        raise Lacks(*lacking, but=NOTHING_CHANGED)
    whose = get_object_or_404(Account, pk=account)
    visible = Connection.objects.visible_to(user_of(request)).filter(account=whose).order_by("-pk")
    known = at_services(visible, [key.lower()])
    if not known:
        raise Http404
    if request.method == "POST":
        try:
            read_again(whose, known[0].list_scope, [known[0].device_address], user_of(request), web_origin(request))
        except NoCredentials as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(request.path)
    return TemplateResponse(request, "admin/holds/reach.html", _context(request, whose, known[0], user_of(request)))


def _context(request: HttpRequest, account: Account, known: Connection, user: User) -> dict[str, Any]:
    key = known.device_address.lower()
    read = ServiceWays.objects.filter(account=account, service_key=key).first()
    ways = ways_of(read)
    open_ways = sum(way.standing is Standing.OPEN for way in ways)
    unknown = sum(way.standing is Standing.NOT_KNOWN for way in ways)
    told = {"open": open_ways, "all": len(ways), "unknown": unknown}
    return page_context(
        request,
        Hold,
        title=_("Who can still reach this"),
        headline=_("%(open)d of %(all)d ways are open, %(unknown)d are not known") % told,
        open_ways=open_ways,
        read=read,
        account=account,
        service=" · ".join(filter(None, (known.device_name, known.service_name))) or known.device_address,
        address=known.device_address,
        holds=Hold.objects.visible_to(user).on().filter(members__account=account, members__service_key=key).distinct(),
        ways=[_row(way, user) for way in sorted(ways, key=lambda way: ORDER.index(way.standing))],
    )


def _row(way: Way, user: User) -> dict[str, Any]:
    who = [one or _("a visitor without an account") for one in way.who]
    more = len(who) - MOST_NAMED
    level = way.closed_by
    return {
        "name": NAMES[way.kind],
        "icon": ICONS[way.kind],
        "is_open": way.standing is Standing.OPEN,
        "css": CSS[way.standing],
        "sign": SIGNS[way.standing],
        "words": STANDINGS[way.standing],
        "since": way.since,
        "who": ", ".join(who[:MOST_NAMED]) + (_(" and %d more") % more if more > 0 else ""),
        "closed_by": closed_by(way.kind, level),
        "may_words": "" if level is None or may(user, PERMISSIONS[level]) else _("you may not"),
    }


PAGES = (Page("reach/<int:account>/<str:key>/", "reach", reach_view),)
