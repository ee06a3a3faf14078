"""The page between a selection and its run: what it covers, what is left out, why, and the button."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.connections.change_list import add_notes
from connections.admin.holds.forms import KeepForm
from connections.admin.holds.sight import to_hold
from connections.admin.pages import Page, page_context
from connections.admin.refusals import Lacks
from connections.admin.runs import blast_radius, put_off
from connections.admin.runs.sight import to_approval, to_run
from connections.admin.stop_form import ConfirmForm
from connections.holds.begin import CannotHold, begin
from connections.live.standing import list_state
from connections.models import Account, Connection, Hold, StopRun
from connections.models.rights import missing
from connections.models.runs import TICKET_LENGTH
from connections.models.states import ItemState, RunState, SkipReason
from connections.stops import expired, plan
from connections.stops.ceilings import needs
from connections.stops.said_before import recent_words
from connections.templatetags.runs import run_link
from connections.web.around.frame import frame_of
from connections.web.around.once import once
from connections.web.origin import user_of, web_origin
from connections.words.door.approvals import needs_words
from connections.words.selection import filter_words

PER_PAGE = 50
BARS_ABOVE = 6
"""A break-down of fewer shows nothing that the list of names doesn't."""


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
    if request.method == "POST" and "freeze" in request.POST:
        return _freeze_anew(request, run, total)
    keep = KeepForm(request.POST or None, user_of(request), run)
    if request.method == "POST" and form.is_valid() and (not keep.keeps or keep.is_valid()):
        try:
            return to_hold(_hold(request, run, form, keep)) if keep.keeps else to_run(_start(request, form))
        except plan.NeedsApproval as error:
            return to_approval(error.approval)
        except (plan.CannotStart, CannotHold) as error:
            form.add_error(None, str(error))
    run.refresh_from_db(fields=("state",))
    if run.state == RunState.STARTED:  # meanwhile, by the same form sent twice
        return to_run(run)
    context = page_context(request, StopRun, **confirm_page(run, form, request), keep=keep)
    return TemplateResponse(request, "admin/runs/confirm.html", context)


PAGES = (Page("<slug:key>/confirm/", "confirm", confirm_view),)


def _start(request: HttpRequest, form: ConfirmForm) -> StopRun:
    said, user, origin = form.cleaned_data, user_of(request), web_origin(request)
    wait = put_off.seconds_for(user, form.total, touched="touch" in request.POST)
    words = {"reason": said["reason"], "ticket": said["ticket"]}
    return plan.start(said["key"], user, **words, origin=origin, put_off_s=wait)


def _freeze_anew(request: HttpRequest, run: StopRun, total: int) -> HttpResponse:
    """Go to a new list over the same connections; nothing that was typed is lost, and what has changed is said."""
    typed = [request.POST.get(name, "").strip() for name in ("reason", "ticket")]
    anew = expired.freeze_anew(run, user_of(request), reason=typed[0], ticket=typed[1][:TICKET_LENGTH])
    left = anew.items.queued().count()
    messages.info(request, _frozen_anew(total - left, left))
    return HttpResponseRedirect(reverse("admin:connections_stoprun_confirm", args=[anew.key]))


def _frozen_anew(gone: int, left: int) -> str:
    if gone <= 0:
        return _("The list was frozen anew. All that it held can still be stopped; what matches since is not in it.")
    facts = {"gone": number_format(gone, force_grouping=True), "left": number_format(left, force_grouping=True)}
    text = ngettext(
        "The list was frozen anew. %(gone)s can't be stopped any more and is skipped, %(left)s are left; what matches "
        "since is not in it.",
        "The list was frozen anew. %(gone)s can't be stopped any more and are skipped, %(left)s are left; what matches "
        "since is not in it.",
        gone,
    )
    return text % facts


def _hold(request: HttpRequest, run: StopRun, form: ConfirmForm, keep: KeepForm) -> Hold:
    """Stop what the list names, and keep it stopped."""
    wish = keep.wish(reason=form.cleaned_data["reason"], ticket=form.cleaned_data["ticket"])
    named = Connection.objects.filter(stop_items__in=run.items.queued()).order_by("stop_items__pk")
    return begin(user_of(request), wish, named, web_origin(request), run=run)


def confirm_page(run: StopRun, form: ConfirmForm, request: HttpRequest) -> dict[str, Any]:
    """The context of the page. `request` says which part of the list is shown."""
    user, items, has_worker = user_of(request), run.items.queued(), once(request, frame_of).has_worker
    found = blast_radius.numbers(items, user)
    skipped = blast_radius.skipped(run, user)
    left_out = sum(part.count for part in skipped)
    frozen = form.total + left_out
    return {
        "title": _title(form.total),
        "run": run,
        "form": form,
        "numbers": found,
        "second_person": needs_words([need.as_json() for need in needs(run, user, timezone.now())]),
        "bars": [*blast_radius.bars(items, form.total), found["by_time"]] if form.total > BARS_ABOVE else [],
        "devices": blast_radius.device_names(items),
        "recent": recent_words(user),
        "put_off": put_off.seconds_for(user, form.total, touched=False),
        "put_off_touched": put_off.seconds_for(user, form.total, touched=True),
        "own": blast_radius.own_names(items, user, found["own"]) if found["own"] else "",
        "skipped": skipped,
        "frozen": frozen,
        "left_out": left_out,
        "covered": _covered(run, frozen, left_out if form.total else 0),
        "shown_before": _shown_before(run, frozen),
        "filter_words": filter_words(run),
        "paused_accounts": Account.objects.paused().filter(pk__in=items.values("account")),
        "lists": list_state(Account.objects.filter(pk__in=items.values("account")), has_worker=has_worker),
        "no_worker": not has_worker,
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
        text = ngettext("The one of <b>{filter}</b>", "All {number} of <b>{filter}</b>", frozen)
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
