"""The page on which somebody decides: the whole frozen list, what has ended since, and what a yes binds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import ngettext

from connections.admin.approvals.forms import DenyForm, GlassForm, ReviewForm
from connections.admin.approvals.rows import ended_since, listed
from connections.admin.runs import blast_radius
from connections.models import Approval
from connections.models.approvals import ApprovalState
from connections.models.rights import may
from connections.models.states import OPEN_STATUSES, ItemState
from connections.stops.approvals import why_not
from connections.web import proofs
from connections.web.origin import user_of
from connections.words.door.approvals import needs_words

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest

PER_PAGE = 50
MANY_ENDED = 0.1
"""The share of a list that has ended since, above which the button says that it is pressed all the same."""


def decision_page(request: HttpRequest, approval: Approval, **bound: forms.Form) -> dict[str, Any]:
    """The context of the page. `bound`: the forms that were sent and refused, with what was typed."""
    person, run, now = user_of(request), approval.run, timezone.now()
    total, ended = listed(approval), ended_since(approval)
    is_mine, proof = run.user_id == person.pk, proofs.proof_of(request)
    items = run.items.exclude(state=ItemState.SKIPPED)
    only_ended = request.GET.get("ended") == "1"
    return {
        "title": _title(approval, total),
        "approval": approval,
        "run": run,
        "why": needs_words(approval.why),
        "total": total,
        "ended": ended,
        "ended_percent": round(100 * ended / total) if total else 0,
        "many_ended": total > 0 and ended / total > MANY_ENDED,
        "left": total - ended,
        "age": now - (run.frozen_at or approval.asked_at),
        "made_of": blast_radius.bars(items, total) if total else [],
        "own": items.filter(connection__opened_by__iexact=person.email).count() if person.email else 0,
        "digest": [approval.sha256[first : first + 8] for first in range(0, 64, 8)],
        "is_mine": is_mine,
        "is_waiting": approval.is_waiting,
        "is_glass": approval.state == ApprovalState.GLASS,
        "why_not": "" if is_mine else why_not(person, approval),
        "may_break": is_mine and may(person, "break_glass") and _can_break(approval),
        "is_fresh": proofs.is_fresh(request),
        "proved_ago": now - proof.at if proof else None,
        "deny": bound.get("deny") or DenyForm(),
        "review": bound.get("review") or ReviewForm(),
        "glass": bound.get("glass") or GlassForm(initial={"reason": run.reason, "ticket": run.ticket}),
        "form": next(iter(bound.values()), None),
        "only_ended": only_ended,
        **_rows(items.exclude(connection__status__in=OPEN_STATUSES) if only_ended else items, request, only_ended),
    }


def _title(approval: Approval, total: int) -> str:
    text = ngettext("%(name)s asks to stop %(count)s connection", "%(name)s asks to stop %(count)s connections", total)
    if approval.state == ApprovalState.GLASS:
        text = ngettext(
            "%(name)s stopped %(count)s connection without a second person",
            "%(name)s stopped %(count)s connections without a second person",
            total,
        )
    return text % {"name": approval.run.user_name, "count": number_format(total, force_grouping=True)}


def _can_break(approval: Approval) -> bool:
    """A list that was denied or taken back is not started; one that nobody decided may be, for a while."""
    is_young = timezone.now() - approval.asked_at < timedelta(hours=1)
    return approval.is_waiting or (approval.state in (ApprovalState.WAITING, ApprovalState.EXPIRED) and is_young)


def _rows(items: Any, request: HttpRequest, only_ended: bool) -> dict[str, Any]:
    found = items.select_related("connection__account", "account").order_by("pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("p", 1))
    ended = "ended=1&" if only_ended else ""
    return {
        "page": page,
        "back": f"?{ended}p={page.previous_page_number()}#h-list" if page.has_previous() else "",
        "on": f"?{ended}p={page.next_page_number()}#h-list" if page.has_next() else "",
    }
