"""A change of who may do what that waits: what exactly it gives, and the second person's yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from connections.admin.approvals.forms import DenyForm
from connections.admin.pages import page_context
from connections.models import Approval, Proposal
from connections.models.door.proposals import ProposalState, Subject
from connections.proposals import decisions
from connections.stops.approvals import CannotDecide
from connections.web import proofs
from connections.web.origin import user_of, web_origin
from connections.words.door import changes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.contrib.auth.models import User

DECIDED_WITHIN = timedelta(days=7)
MOST = 50
ICONS = {
    ProposalState.CONFIRMED: "stopped",
    ProposalState.DUE: "stopped",
    ProposalState.DENIED: "refused",
    ProposalState.WITHDRAWN: "skipped",
    ProposalState.LAPSED: "ended",
}
WAITS = gettext_lazy(
    "What it gives waits for a second person, or counts from %(from)s on if nobody says no. What it takes away counts."
)


@dataclass(frozen=True)
class Row:
    """One that waits, or is decided."""

    proposal: Proposal
    title: str
    age: timedelta
    is_mine: bool

    @property
    def icon(self) -> str:
        return ICONS.get(ProposalState(self.proposal.state), "two")


def waiting(person: User, now: datetime) -> list[Row]:
    """What `person` may see of the changes that wait, the newest first."""
    return _rows(Proposal.objects.visible_to(person).waiting(), person, now)


def decided(person: User, now: datetime) -> list[Row]:
    """What `person` may see of those that were decided within the last days, the newest first."""
    over = Proposal.objects.visible_to(person).exclude(state=ProposalState.WAITING)
    return _rows(over.filter(decided_at__gt=now - DECIDED_WITHIN), person, now)


def say_waits(request: HttpRequest, waits: Proposal | None) -> None:
    """Tell who asked that something of it waits."""
    if waits is not None:
        at = timezone.localtime(waits.counts_at)
        messages.warning(request, WAITS % {"from": f"{at:%Y-%m-%d %H:%M}"})


def title_of(proposal: Proposal) -> str:
    what = changes.title(proposal.subject, proposal.name)
    return _("%(who)s wishes to %(what)s") % {"who": proposal.asked_by.get_username(), "what": what}


@require_safe
def change_view(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _proposal(request, pk))


@require_POST
def confirm_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Say yes to what was seen: its digest comes with the POST, and the proof that it is them from their session."""
    proposal, seen = _proposal(request, pk), request.POST.get("seen", "")
    proof, origin = proofs.proof_of(request), web_origin(request)
    return _decide(
        request,
        proposal,
        lambda: decisions.confirm(proposal, user_of(request), seen=seen, proof=proof, origin=origin),
        _("Confirmed. It counts from now on."),
    )


@require_POST
def deny_view(request: HttpRequest, pk: int) -> HttpResponse:
    proposal, form = _proposal(request, pk), DenyForm(request.POST)
    if not form.is_valid():
        return _page(request, proposal, deny=form)
    note, origin = form.cleaned_data["note"], web_origin(request)
    said = _("Denied. %s is told; nothing is changed.") % proposal.asked_by.get_username()
    return _decide(
        request, proposal, lambda: decisions.deny(proposal, user_of(request), note=note, origin=origin), said, deny=form
    )


@require_POST
def withdraw_view(request: HttpRequest, pk: int) -> HttpResponse:
    proposal, origin = _proposal(request, pk), web_origin(request)
    return _decide(
        request,
        proposal,
        lambda: decisions.withdraw(proposal, user_of(request), origin),
        _("Withdrawn. Nothing is changed."),
    )


def address(proposal: Proposal) -> str:
    return reverse("admin:connections_approval_change_page", args=[proposal.pk])


def _rows(found: Any, person: User, now: datetime) -> list[Row]:
    return [
        Row(one, title_of(one), now - one.asked_at, one.asked_by_id == person.pk)
        for one in found.select_related("asked_by", "decided_by")[:MOST]
    ]


def _proposal(request: HttpRequest, pk: int) -> Proposal:
    rows = Proposal.objects.visible_to(user_of(request)).select_related("asked_by", "decided_by")
    found: Proposal = get_object_or_404(rows, pk=pk)
    return found


def _decide(
    request: HttpRequest, proposal: Proposal, act: Callable[[], Any], said: str, *, deny: DenyForm | None = None
) -> HttpResponse:
    try:
        act()
    except CannotDecide as error:
        return _page(request, _proposal(request, proposal.pk), error=str(error), deny=deny)
    messages.success(request, said)
    return HttpResponseRedirect(address(proposal))


def _page(request: HttpRequest, proposal: Proposal, *, error: str = "", deny: DenyForm | None = None) -> HttpResponse:
    person = user_of(request)
    is_mine = proposal.asked_by_id == person.pk
    members = Group.objects.filter(pk=proposal.key or 0).first() if proposal.subject == Subject.ROLE else None
    context = page_context(
        request,
        Approval,
        title=title_of(proposal),
        proposal=proposal,
        rows=changes.rows(proposal.subject, proposal.before, proposal.wish),
        members=members.user_set.filter(is_active=True).count() if members else 0,
        digest=[proposal.sha256[first : first + 8] for first in range(0, 64, 8)],
        is_mine=is_mine,
        why_not="" if is_mine else decisions.why_not(person, proposal),
        is_fresh=proofs.is_fresh(request),
        deny=deny or DenyForm(),
        error=error,
        form=deny,
    )
    return TemplateResponse(request, "admin/approvals/change.html", context)
