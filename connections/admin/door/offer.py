"""The overview offers once, to who may set them, ceilings and second factors: the first start asks for neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db.models import Exists, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from connections.admin.refusals import Lacks
from connections.models import Ceiling, FactorRule, Preferences, ProtectedRule
from connections.models.rights import NOTHING_CHANGED, may
from connections.web.origin import user_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


def is_offered(person: User | AnonymousUser) -> bool:
    """Whether nothing of it is set, and this person, who may set it, has not put the offer away."""
    if not isinstance(person, User) or not may(person, "manage_roles"):
        return False
    is_set = Exists(Ceiling.objects.all()) | Exists(ProtectedRule.objects.all()) | Exists(FactorRule.objects.all())
    return not User.objects.filter(is_set | Q(preferences__door_offer_declined=True), pk=person.pk).exists()


@require_POST
def declined(request: HttpRequest) -> HttpResponse:
    """Put the offer away, for this person."""
    user = user_of(request)
    if not may(user, "manage_roles"):
        raise Lacks("manage_roles", but=NOTHING_CHANGED)
    Preferences.objects.update_or_create(user=user, defaults={"door_offer_declined": True})
    return HttpResponseRedirect(reverse("admin:index"))
