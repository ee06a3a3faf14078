"""What waits for a second person: the list, the page on which one decides, and what its buttons do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from connections.admin.approvals import changes
from connections.admin.approvals.ceilings import ceilings_view
from connections.admin.approvals.forms import DenyForm, GlassForm, ReviewForm
from connections.admin.approvals.page import decision_page
from connections.admin.approvals.protected import protected_view
from connections.admin.approvals.rows import decided, waiting
from connections.admin.pages import Page, PagedAdmin, page_context
from connections.admin.readonly import ReadOnlyAdmin
from connections.admin.runs.sight import to_run
from connections.models import Approval
from connections.models.rights import may, refusal
from connections.stops import approvals, plan
from connections.web import proofs
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms


@require_safe
def list_view(request: HttpRequest) -> HttpResponse:
    person, now = user_of(request), timezone.now()
    rows, waits = waiting(person, now), changes.waiting(person, now)
    if not (may(person, "approve_runs") or may(person, "view_connection") or waits):
        raise PermissionDenied(refusal("approve_runs"))
    total = len(rows) + len(waits)
    text = ngettext("%(count)s waits for a second person", "%(count)s wait for a second person", total)
    context = page_context(
        request,
        Approval,
        title=text % {"count": number_format(total)} if total else _("Nothing waits for a second person"),
        rows=rows,
        waits=waits,
        oldest=max([*(row.age for row in rows), *(row.age for row in waits)], default=None),
        decided=decided(person, now),
        changed=changes.decided(person, now),
        may_set=may(person, "manage_roles"),
    )
    return TemplateResponse(request, "admin/approvals/list.html", context)


@require_safe
def page_view(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _approval(request, pk))


@require_POST
def approve_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Say yes to what was seen: its digest comes with the POST, and the proof that it is them from their session."""
    approval = _approval(request, pk)
    return _decide(
        request,
        approval,
        lambda: approvals.approve(
            approval,
            user_of(request),
            seen=request.POST.get("seen", ""),
            proof=proofs.proof_of(request),
            origin=web_origin(request),
        ),
        _("Approved. The run starts as that of %s.") % approval.run.user_name,
    )


@require_POST
def deny_view(request: HttpRequest, pk: int) -> HttpResponse:
    approval, form = _approval(request, pk), DenyForm(request.POST)
    if not form.is_valid():
        return _page(request, approval, deny=form)
    note, origin = form.cleaned_data["note"], web_origin(request)
    said = _("Denied. %s is told; nothing is sent.") % approval.run.user_name
    return _decide(
        request, approval, lambda: approvals.deny(approval, user_of(request), note=note, origin=origin), said, deny=form
    )


@require_POST
def withdraw_view(request: HttpRequest, pk: int) -> HttpResponse:
    approval = _approval(request, pk)
    return _decide(
        request,
        approval,
        lambda: approvals.withdraw(approval, user_of(request), web_origin(request)),
        _("Withdrawn. Nothing is sent."),
    )


@require_POST
def glass_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Start one's own without a second person, in an emergency."""
    approval, form = _approval(request, pk), GlassForm(request.POST)
    if not form.is_valid():
        return _page(request, approval, glass=form)
    said, origin = form.cleaned_data, web_origin(request)
    return _decide(
        request,
        approval,
        lambda: approvals.break_glass(
            approval.run.key,
            user_of(request),
            reason=said["reason"],
            ticket=said["ticket"],
            proof=proofs.proof_of(request),
            origin=origin,
        ),
        _("The glass is broken: the run starts without a second person. Somebody else reviews it."),
        glass=form,
    )


@require_POST
def review_view(request: HttpRequest, pk: int) -> HttpResponse:
    approval, form = _approval(request, pk), ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, approval, review=form)
    note, origin = form.cleaned_data["note"], web_origin(request)
    return _decide(
        request,
        approval,
        lambda: approvals.review(approval, user_of(request), note=note, origin=origin),
        _("Reviewed."),
        review=form,
    )


@admin.register(Approval)
class ApprovalAdmin(PagedAdmin, ReadOnlyAdmin):
    """Who may decide sees all of them; everybody else their own."""

    pages = (
        Page("", "changelist", list_view),
        Page("ceilings/", "ceilings", ceilings_view),
        Page("protected/", "protected", protected_view),
        Page("changes/<int:pk>/", "change_page", changes.change_view),
        Page("changes/<int:pk>/confirm/", "change_confirm", changes.confirm_view),
        Page("changes/<int:pk>/deny/", "change_deny", changes.deny_view),
        Page("changes/<int:pk>/withdraw/", "change_withdraw", changes.withdraw_view),
        Page("<int:pk>/", "page", page_view),
        Page("<int:pk>/approve/", "approve", approve_view),
        Page("<int:pk>/deny/", "deny", deny_view),
        Page("<int:pk>/withdraw/", "withdraw", withdraw_view),
        Page("<int:pk>/glass/", "glass", glass_view),
        Page("<int:pk>/review/", "review", review_view),
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "approve_runs")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nothing of it is changed by hand: its own page says what can be done."""
        pk = int(object_id) if object_id.isascii() and object_id.isdigit() and len(object_id) < 19 else 0
        return HttpResponseRedirect(address(_approval(request, pk)))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:connections_auditevent_changelist"))


def address(approval: Approval) -> str:
    return reverse("admin:connections_approval_page", args=[approval.pk])


def _approval(request: HttpRequest, pk: int) -> Approval:
    rows = Approval.objects.visible_to(user_of(request)).select_related("run__user", "decided_by", "reviewed_by")
    found: Approval = get_object_or_404(rows, pk=pk)
    return found


def _decide(
    request: HttpRequest, approval: Approval, act: Callable[[], Any], said: str, **bound: forms.Form
) -> HttpResponse:
    """Do it and say so; refused, show the page again with why, and with what was typed."""
    try:
        act()
    except (approvals.CannotDecide, plan.CannotStart) as error:
        approval = _approval(request, approval.pk)
        return _page(request, approval, error=str(error), **bound)
    messages.success(request, said)
    approval.run.refresh_from_db()
    may_see = approval.run.started_at and user_of(request) == approval.run.user
    return to_run(approval.run) if may_see else HttpResponseRedirect(address(approval))


def _page(request: HttpRequest, approval: Approval, *, error: str = "", **bound: forms.Form) -> HttpResponse:
    context = page_context(request, Approval, error=error, **decision_page(request, approval, **bound))
    return TemplateResponse(request, "admin/approvals/page.html", context)
