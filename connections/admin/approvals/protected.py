"""The page of what is protected: connections that nobody stops without a second person, however few."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from connections.admin.approvals.changes import say_waits
from connections.admin.pages import page_context
from connections.admin.refusals import Lacks
from connections.models import Approval, Connection, Proposal, ProtectedRule
from connections.models.door.proposals import Subject
from connections.models.rights import may
from connections.proposals.limits import protect, stop_protecting
from connections.web.origin import user_of, web_origin
from connections.words.counts import count_capped, in_words

FIELDS = ("account", "device", "service", "opener")


class ProtectedForm(forms.ModelForm):
    class Meta:
        model = ProtectedRule
        fields = ("name", *FIELDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].required = False

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if not any(said.get(name) for name in FIELDS):
            raise ValidationError(
                _("Say which connections: an account, or a part of a name with *. Nothing was saved.")
            )
        return said


@require_http_methods(["GET", "HEAD", "POST"])
def protected_view(request: HttpRequest) -> HttpResponse:
    person, now = user_of(request), timezone.now()
    if not may(person, "manage_roles"):
        raise Lacks("manage_roles")
    form = ProtectedForm(request.POST if request.method == "POST" and "end" not in request.POST else None)
    if request.method == "POST" and "end" in request.POST:
        pk = request.POST["end"]
        is_key = pk.isascii() and pk.isdigit() and len(pk) < 19
        rule = get_object_or_404(ProtectedRule.objects.in_force(now), pk=int(pk) if is_key else 0)
        say_waits(request, stop_protecting(rule, person, web_origin(request), request.POST.get("reason", "").strip()))
        return HttpResponseRedirect(reverse("admin:connections_approval_protected"))
    if form.is_valid():
        protect(form.save(commit=False), person, web_origin(request))
        messages.success(request, _("Saved. It counts from now on."))
        return HttpResponseRedirect(reverse("admin:connections_approval_protected"))
    rules = ProtectedRule.objects.in_force(now).select_related("account", "made_by")
    ending = {one.key: one for one in Proposal.objects.waiting().filter(subject=Subject.PROTECTION)}
    seen = Connection.objects.visible_to(person).open()
    context = page_context(
        request,
        Approval,
        title=_("What is protected"),
        form=form,
        rows=[(rule, in_words(count_capped(seen.filter(rule.condition()))), ending.get(rule.pk)) for rule in rules],
    )
    return TemplateResponse(request, "admin/approvals/protected.html", context)
