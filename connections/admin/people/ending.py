"""The page that ends everything of a person at once: it counts first."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from connections.admin.refusals import BEYOND, Lacks
from connections.models.rights import may
from connections.people import rights
from connections.web.door.ending import count, end_everything
from connections.web.origin import user_of, web_origin


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ending(request: HttpRequest, pk: int) -> HttpResponse:
    actor = user_of(request)
    if not may(actor, "change_user"):
        raise Lacks("manage_people")
    person = get_object_or_404(User, pk=pk)
    if not rights.may_change_person(actor, person):
        raise PermissionDenied(BEYOND)
    if request.method == "POST":
        ended = end_everything(person, actor, web_origin(request))
        words = _(
            "Ended of %(name)s: sessions %(sessions)d, tokens %(tokens)d, requests %(requests)d, runs %(runs)d. "
            "They can sign in again until you make them inactive."
        )
        messages.success(request, words % {"name": person.get_username(), **vars(ended)})
        return HttpResponseRedirect(request.path)
    context = {
        **admin.site.each_context(request),
        "title": _("End everything of %s?") % person.get_username(),
        "person": person,
        "found": count(person),
    }
    return TemplateResponse(request, "admin/people/ending.html", context)
