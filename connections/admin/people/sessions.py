"""Where one is signed in: each device with its address, each can be ended."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from connections.web.door import devices
from connections.web.origin import user_of, web_origin
from connections.web.sessions import digest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    user, own = user_of(request), request.session.session_key or ""
    if request.method == "POST":
        pk = request.POST.get("pk", "")
        only = int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 19 else None
        ended = devices.end(user, user, web_origin(request), only=only, but=own)
        said = ngettext("%d session was ended.", "%d sessions were ended.", ended) % ended
        messages.success(request, said if ended else _("There was nothing to end."))
        return HttpResponseRedirect(reverse("sessions"))
    context = {
        **admin.site.each_context(request),
        "title": _("Where you are signed in"),
        "rows": devices.of(user),
        "own": digest(own),
    }
    return TemplateResponse(request, "admin/people/sessions.html", context)
