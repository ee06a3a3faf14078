"""The page on which a person chooses what they are told, and by which ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from connections.models import Delivery
from connections.models.telling.bell import STAYS_OPEN, Kind
from connections.notices import email
from connections.notices.people import People
from connections.notices.ways import DEFAULTS, choose, ways_of
from connections.web.origin import user_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse

    from connections.models.notices import DeliveryQuerySet


@dataclass(frozen=True)
class Choice:
    """One kind: by which of the ways it is told now."""

    kind: Kind
    ways: list[tuple[str, bool]]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def told(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if request.method == "POST":
        choose(user, {way: request.POST.getlist(way) for way in DEFAULTS})
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("notices_told"))
    ways = ways_of(user)
    choices = [Choice(kind, [(way, kind in kinds) for way, kinds in ways.items()]) for kind in Kind]
    context = {
        **admin.site.each_context(request),
        "title": _("What you are told"),
        "must_act": [one for one in choices if one.kind in STAYS_OPEN or one.kind == Kind.WORKER],
        "for_information": [one for one in choices if one.kind not in STAYS_OPEN and one.kind != Kind.WORKER],
        "has_server": email.is_set_up(),
        "last_email": _of(user).order_by("-pk").first(),
    }
    return TemplateResponse(request, "admin/notices/told.html", context)


@require_POST
def test_email(request: HttpRequest) -> HttpResponse:
    """Have the worker send one to the person who asks: one at a time, and only where there is an address."""
    user = user_of(request)
    if not (user.email and email.is_set_up()):
        messages.error(request, _("There is no mail server, or you have no address. Nothing was sent."))
    elif _of(user).waiting().exists():
        messages.warning(request, _("An e-mail to you waits already. It is sent by the worker."))
    else:
        Delivery.objects.create(channel=People.name, target=str(user.pk), seq=0, payload={"test": True})
        messages.success(request, _("The worker sends a test to %s. This page says what came of it.") % user.email)
    return HttpResponseRedirect(reverse("notices_told"))


def _of(user: User) -> DeliveryQuerySet:
    return Delivery.objects.filter(channel=People.name, target=str(user.pk))
