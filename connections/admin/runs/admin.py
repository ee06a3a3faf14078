from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from connections.admin.pages import Page, PagedAdmin, page_context
from connections.admin.readonly import ReadOnlyAdmin
from connections.admin.runs import confirm, controls, evidence, leave, pause_all
from connections.admin.runs.page import run_page
from connections.admin.runs.put_off import put_off_page
from connections.admin.runs.sight import run_or_404, runs_of
from connections.admin.runs.state import paused_accounts, with_state
from connections.models import AuditHead, StopRun
from connections.models.runs import StopRunQuerySet
from connections.stops.progress.tally import tallies
from connections.web.around.frame import frame_of
from connections.web.around.once import once
from connections.web.origin import user_of
from connections.words.outcomes import outcome_labels
from connections.words.runs import standing

if TYPE_CHECKING:
    from connections.stops.progress.tally import Tally

RUNS_PER_PAGE = 25
TABS = {
    "": (gettext_lazy("All"), Q()),
    "going": (gettext_lazy("Going on"), Q(going=True)),
    "attention": (gettext_lazy("Need somebody"), Q(going=False, trouble=True)),
    "done": (gettext_lazy("Done"), Q(going=False)),
}


@require_safe
def progress_view(request: HttpRequest, pk: int) -> HttpResponse:
    """What changes on the run's page, for its refresh."""
    context = run_page(run_or_404(request, pk), request.GET, user_of(request))
    return TemplateResponse(request, "admin/runs/_refresh.html", context)


@admin.register(StopRun)
class StopRunAdmin(PagedAdmin, ReadOnlyAdmin):
    """Runs one may see, newest first, and what became of each. They are made on the confirm page, never here."""

    pages = (
        Page("<int:pk>/progress/", "progress", progress_view),
        *confirm.PAGES,
        *controls.PAGES,
        *pause_all.PAGES,
        *evidence.PAGES,
        *leave.PAGES,
    )

    def get_queryset(self, request: HttpRequest) -> StopRunQuerySet:
        return StopRun.objects.visible_to(request.user).started()

    @method_decorator(require_safe)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        runs = with_state(runs_of(request))
        state, before = request.GET.get("state", ""), request.GET.get("before", "")
        error = _list_error(state, before)
        shown, older = ([], None) if error else _page(runs.filter(TABS[state][1]), before)
        context = page_context(
            request,
            StopRun,
            title=_("Runs"),
            rows=_rows(shown, has_worker=once(request, frame_of).has_worker),
            tabs=_tabs(runs),
            state=state,
            error=error,
            newest=_address(state=state) if before else "",
            older=_address(state=state, before=older) if older else "",
        )
        template = "admin/runs/list.html"
        return TemplateResponse(request, template, context, status=400 if error else 200)

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = run_or_404(request, _as_pk(object_id))
        if waits := put_off_page(request, run):
            return waits
        page = run_page(run, request.GET, user_of(request))
        context = page_context(request, StopRun, title=page["window_title"], head=AuditHead.objects.first(), **page)
        template = "admin/runs/page.html"
        return TemplateResponse(request, template, context, status=400 if page["items_error"] else 200)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = run_or_404(request, _as_pk(object_id))
        return HttpResponseRedirect(reverse("admin:connections_auditevent_changelist") + f"?run={run.pk}")


def _as_pk(object_id: str) -> int:
    return int(object_id) if object_id.isascii() and object_id.isdigit() and len(object_id) <= 18 else 0


def _address(**query: str | int) -> str:
    """The list of runs with those of `query` that are not ""."""
    return "?" + urlencode({name: value for name, value in query.items() if value})


def _list_error(state: str, before: str) -> str:
    if state not in TABS:
        return _("The state “%s” is not known. Nothing is listed.") % state
    if before and not _as_pk(before):
        return _("There is no run “%s” to go on from. Nothing is listed.") % before
    return ""


def _tabs(runs: StopRunQuerySet) -> list[tuple[str, Any, int]]:
    counts = runs.aggregate(**{f"in_{key}": Count("pk", filter=wanted) for key, (_label, wanted) in TABS.items()})
    return [(key, label, counts[f"in_{key}"]) for key, (label, _wanted) in TABS.items()]


def _page(runs: StopRunQuerySet, before: str) -> tuple[list[StopRun], int | None]:
    """The runs of a page, and the one after which the next, older one begins."""
    if before:
        runs = runs.filter(pk__lt=_as_pk(before))
    found = list(runs.order_by("-pk")[: RUNS_PER_PAGE + 1])
    shown = found[:RUNS_PER_PAGE]
    return shown, shown[-1].pk if len(found) > len(shown) else None


def _rows(runs: list[StopRun], *, has_worker: bool) -> list[dict[str, Any]]:
    counted = tallies(runs)
    paused = paused_accounts([run for run in runs if counted[run.pk].left])
    rows = []
    for run in runs:
        tally = counted[run.pk]
        last = tally.last_answer_at
        rows.append(
            {
                "run": run,
                "tally": tally,
                "states": _states(run, tally, paused.get(run.pk, []), has_worker=has_worker) if tally.left else [],
                "outcomes": outcome_labels(tally),
                "last_cut_s": max((last - run.started_at).total_seconds(), 0.0) if last and run.started_at else None,
            }
        )
    return rows


def _states(run: StopRun, tally: Tally, paused: list[str], *, has_worker: bool) -> list[tuple[str, str]]:
    """How a run that is not done stands, and which accounts hold it up: state and words of each."""
    state = "paused" if run.paused_at else "running" if has_worker else "waiting"
    words = [_("%(account)s paused") % {"account": account} for account in paused]
    return [(state, standing(state, tally)), *(("paused", one) for one in words)]
