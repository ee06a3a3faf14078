"""The page between a selection and its run: what it covers, what is left out, why, and the button."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.connections.change_list import add_notes
from connections.admin.pages import Page, page_context
from connections.admin.refusals import Lacks
from connections.admin.runs import blast_radius
from connections.admin.runs.sight import to_approval, to_run
from connections.admin.stop_form import ConfirmForm
from connections.live.standing import list_state
from connections.models import Account, StopRun, Worker
from connections.models.rights import missing
from connections.models.states import ItemState, RunState, SkipReason
from connections.stops import plan
from connections.stops.ceilings import needs
from connections.templatetags.runs import run_link
from connections.web.origin import user_of, web_origin
from connections.words.door.approvals import needs_words
from connections.words.selection import filter_words

PER_PAGE = 50


def confirm_view(request: HttpRequest, key: str) -> HttpResponse:
    """Show the frozen list and ask for the reason; started, lead to the run's page, however often it is sent."""
    if lacking := missing(user_of(request), *plan.TAKES):
        raise Lacks(*lacking)
    run = get_object_or_404(StopRun, key=key, user=request.user)
    if run.state == RunState.STARTED:
        return to_run(run)
    if approval := getattr(run, "approval", None):
        return to_approval(approval)
    total = run.items.queued().count()
    form = ConfirmForm(request.POST or None, key=key, total=total, reason=run.reason, ticket=run.ticket)
    if request.method == "POST" and form.is_valid():
        try:
            return to_run(_start(request, form))
        except plan.NeedsApproval as error:
            return to_approval(error.approval)
        except plan.CannotStart as error:
            form.add_error(None, str(error))
    run.refresh_from_db(fields=("state",))
    if run.state == RunState.STARTED:  # meanwhile, by the same form sent twice
        return to_run(run)
    context = page_context(request, StopRun, **confirm_page(run, form, request))
    return TemplateResponse(request, "admin/runs/confirm.html", context)


PAGES = (Page("<slug:key>/confirm/", "confirm", confirm_view),)


def _start(request: HttpRequest, form: ConfirmForm) -> StopRun:
    said = form.cleaned_data
    origin = web_origin(request)
    return plan.start(said["key"], user_of(request), reason=said["reason"], ticket=said["ticket"], origin=origin)


def confirm_page(run: StopRun, form: ConfirmForm, request: HttpRequest) -> dict[str, Any]:
    """The context of the page. `request` says which part of the list is shown."""
    user, items = user_of(request), run.items.queued()
    found = blast_radius.numbers(items, user)
    skipped = blast_radius.skipped(run, user)
    left_out = sum(part.count for part in skipped)
    frozen = form.total + left_out
    return {
        "title": _title(form.total),
        "run": run,
        "form": form,
        "numbers": found,
        "bars": [*blast_radius.bars(items, form.total), found["by_time"]] if form.total else [],
        "second_person": needs_words([need.as_json() for need in needs(run, user, timezone.now())]),
        "own": blast_radius.own_names(items, user, found["own"]) if found["own"] else "",
        "skipped": skipped,
        "frozen": frozen,
        "left_out": left_out,
        "covered": _covered(run, frozen, left_out if form.total else 0),
        "shown_before": _shown_before(run, frozen),
        "filter_words": filter_words(run),
        "paused_accounts": Account.objects.paused().filter(pk__in=items.values("account")),
        "lists": list_state(Account.objects.filter(pk__in=items.values("account"))),
        "no_worker": not Worker.objects.alive().exists(),
        "kept_until": run.frozen_at and run.frozen_at + plan.DRAFT_LIFETIME,
        "is_expired": run.frozen_at is not None and run.frozen_at + plan.DRAFT_LIFETIME < timezone.now(),
        **_rows(run, request),
    }


def _title(total: int) -> str:
    if not total:
        return _("Nothing to stop")
    text = ngettext("Stop %(count)s connection?", "Stop %(count)s connections?", total)
    return text % {"count": number_format(total, force_grouping=True)}


def _covered(run: StopRun, frozen: int, left_out: int) -> SafeString:
    """How the `frozen` connections were selected, and how many of them are skipped."""
    filtered, number = filter_words(run), number_format(frozen, force_grouping=True)
    if filtered:
        text = ngettext("The one that matches <b>{filter}</b>", "All {number} that match <b>{filter}</b>", frozen)
        selected = format_html(text, number=number, filter=filtered)
    elif run.parent:
        text = ngettext(
            "Continues {run}: the one that it did not stop, as far as is known",
            "Continues {run}: the {number} that it did not stop, as far as is known",
            frozen,
        )
        selected = format_html(text, number=number, run=run_link(run.parent, {run.parent.pk}))
    else:
        text = ngettext("The one that you selected", "The {number} that you selected", frozen)
        selected = format_html(text, number=number)
    if not left_out:
        return format_html("{}.", selected)
    text = ngettext(
        "{selected}, less {number} that is skipped.", "{selected}, less {number} that are skipped.", left_out
    )
    return format_html(text, selected=selected, number=number_format(left_out, force_grouping=True))


def _rows(run: StopRun, request: HttpRequest) -> dict[str, Any]:
    """A page of the frozen list, or of what is skipped for one reason."""
    show = request.GET.get("show", "")
    items = run.items.queued()
    if show in SkipReason.values:
        items = run.items.filter(state=ItemState.SKIPPED, skipped_why=show)
    else:
        show = ""
    items = items.select_related("connection__account", "account").order_by("pk")
    page = Paginator(items, PER_PAGE).get_page(request.GET.get("p", 1))
    page.object_list = list(page.object_list)
    add_notes([item.connection for item in page.object_list])
    return {
        "show": show,
        "show_words": SkipReason(show).label if show else "",
        "page": page,
        "back": _address(show, page.previous_page_number()) if page.has_previous() else "",
        "on": _address(show, page.next_page_number()) if page.has_next() else "",
    }


def _address(show: str, number: int) -> str:
    return f"?{f'show={show}&' if show else ''}p={number}#h-list"


def _shown_before(run: StopRun, frozen: int) -> int | None:
    """How many the list had shown, where the frozen list has another number of them."""
    shown = run.selector.get("shown")
    return shown if shown is not None and shown != frozen else None
