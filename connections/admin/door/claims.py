"""What the claims of somebody would give them: tried here before the first of them signs in."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from connections.admin.refusals import Lacks
from connections.models.rights import NOTHING_CHANGED, may
from connections.people import directory
from connections.people.claims import Refused
from connections.web.origin import user_of

MOST_SHOWN = 50


class ClaimsForm(forms.Form):
    claims = forms.CharField(
        label=gettext_lazy("Claims, as JSON"),
        max_length=1_000_000,
        help_text=gettext_lazy("As the identity provider tells them of a person. Nothing is changed."),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean_claims(self) -> dict[str, Any]:
        try:
            found = json.loads(self.cleaned_data["claims"])
        except (ValueError, RecursionError):
            raise forms.ValidationError(
                _("This is no JSON. Paste what stands between { and }, both of them too.")
            ) from None
        if not isinstance(found, dict):
            raise forms.ValidationError(_("Claims are an object: paste what stands between { and }, both of them too."))
        return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claims(request: HttpRequest) -> HttpResponse:
    if not may(user_of(request), "manage_roles"):
        raise Lacks("manage_roles", but=NOTHING_CHANGED)
    form = ClaimsForm(request.POST if request.method == "POST" else None)
    known = set(Group.objects.values_list("name", flat=True))
    context = {
        **admin.site.each_context(request),
        "title": _("What the identity provider gives"),
        "form": form,
        "is_on": directory.is_on(),
        "claim": settings.OIDC_GROUPS_CLAIM,
        "rows": [
            (group, role, role in known)
            for group, roles in sorted(settings.OIDC_GROUP_MAP.items())
            for role in sorted(roles)
        ],
    }
    if form.is_valid():
        try:
            said = directory.said_by(form.cleaned_data["claims"])
        except Refused as refusal:
            context["refused"] = str(refusal)
        else:
            unknown = sorted(said.groups - settings.OIDC_GROUP_MAP.keys())
            context |= {"said": said, "roles": sorted(said.roles), "unknown": unknown[:MOST_SHOWN]}
            context["more_unknown"] = max(0, len(unknown) - MOST_SHOWN)
    return TemplateResponse(request, "admin/people/claims.html", context)
