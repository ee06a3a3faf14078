"""The page on which ceilings are set: above which numbers a second person decides, by role and for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from connections.admin.approvals.changes import say_waits
from connections.admin.pages import page_context
from connections.admin.refusals import Lacks
from connections.models import Approval, Ceiling, Proposal
from connections.models.door.factors import FactorRule
from connections.models.door.proposals import Subject
from connections.models.rights import may
from connections.people import factors
from connections.proposals.asking import REASON_LENGTH
from connections.proposals.limits import Saved, set_ceiling
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from datetime import datetime

MOST = 1_000_000


class CeilingForm(forms.Form):
    """The ceiling of one role; empty numbers are no ceiling."""

    group = forms.ModelChoiceField(Group.objects.all(), required=False, widget=forms.HiddenInput)
    per_run = forms.IntegerField(
        label=gettext_lazy("Connections in one run"), required=False, min_value=0, max_value=MOST
    )
    per_hour = forms.IntegerField(
        label=gettext_lazy("Connections of one person in an hour"), required=False, min_value=0, max_value=MOST
    )
    grace_days = forms.IntegerField(
        label=gettext_lazy("A second factor is required after so many days"),
        required=False,
        min_value=0,
        max_value=365,
        help_text=gettext_lazy("Empty: it is not required. It counts from each person's next sign-in on."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=REASON_LENGTH,
        help_text=gettext_lazy("Read by whoever decides, where it gives more than today."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@dataclass(frozen=True)
class Row:
    """A role (None: everybody), its form, and what of it waits for a second person."""

    group: Group | None
    form: CeilingForm
    later: Proposal | None


@require_http_methods(["GET", "HEAD", "POST"])
def ceilings_view(request: HttpRequest) -> HttpResponse:
    person, sent = user_of(request), None
    if not may(person, "manage_roles"):
        raise Lacks("manage_roles")
    if request.method == "POST":
        sent = CeilingForm(request.POST, prefix=_prefix(request.POST.get("which", "")))
        if sent.is_valid():
            said = sent.cleaned_data
            saved = set_ceiling(
                said["group"],
                per_run=said["per_run"],
                per_hour=said["per_hour"],
                actor=person,
                origin=web_origin(request),
                reason=said["reason"],
            )
            ruled = factors.require(said["group"], said["grace_days"], person, web_origin(request))
            _say(request, saved, ruled=ruled)
            return HttpResponseRedirect(reverse("admin:connections_approval_ceilings"))
    context = page_context(
        request,
        Approval,
        title=_("When a second person decides"),
        rows=_rows(sent, timezone.now()),
        form=sent,
        nobody_may_decide=not _deciders(),
    )
    return TemplateResponse(request, "admin/approvals/ceilings.html", context)


def _rows(sent: CeilingForm | None, now: datetime) -> list[Row]:
    today = {one.group_id: one for one in Ceiling.objects.in_force(now)}
    later = {one.key: one for one in Proposal.objects.waiting().filter(subject=Subject.CEILING).order_by("pk")}
    groups: list[Group | None] = [None, *Group.objects.filter(permissions__codename="stop_connection").order_by("name")]
    return [_row(group, today, later, sent) for group in groups]


def _row(
    group: Group | None, today: dict[int | None, Ceiling], later: dict[int | None, Proposal], sent: CeilingForm | None
) -> Row:
    pk = group.pk if group else None
    prefix, now = _prefix(str(pk or "")), today.get(pk)
    rule = FactorRule.objects.filter(group=group).first()
    days = rule.grace_days if rule else None
    initial = {"grace_days": days, "group": pk, "per_run": now and now.per_run, "per_hour": now and now.per_hour}
    form = sent if sent is not None and sent.prefix == prefix else CeilingForm(initial=initial, prefix=prefix)
    return Row(group, form, later.get(pk))


def _prefix(which: str) -> str:
    return f"role{which}" if which.isascii() and which.isdigit() else "all"


def _say(request: HttpRequest, saved: Saved, *, ruled: bool) -> None:
    if saved.made is not None:
        messages.success(request, _("Saved. It counts from now on."))
    elif ruled:
        messages.success(request, _("Saved."))
    elif saved.waits is None:
        messages.info(request, _("Nothing was changed."))
    say_waits(request, saved.waits)


def _deciders() -> bool:
    """Whether two people may decide: one alone could decide nothing that they ask for themselves."""
    able = User.objects.filter(is_active=True, is_staff=True)
    return sum(may(user, "approve_runs") for user in able[:50]) > 1
