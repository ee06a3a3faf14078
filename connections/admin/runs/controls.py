"""A person's control over a run on its page: which buttons it has, and what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from connections.admin.pages import Page, page_context
from connections.admin.refusals import Lacks
from connections.admin.runs.causes import causes
from connections.admin.runs.sight import run_or_404, to_run
from connections.live.verdicts.retry import verifiable_again, verify_again
from connections.models import StopRun
from connections.models.rights import NOTHING_CHANGED
from connections.models.states import ItemState, Verdict
from connections.stops import control
from connections.stops.progress.left import read_left
from connections.stops.progress.outage import read_outage
from connections.stops.progress.progress import Progress, read_progress
from connections.web.origin import user_of, web_origin
from connections.words.times import duration

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin

Wish = Callable[[StopRun, "User", "Origin"], None]


WAIT_LIMITS = (15 * 60, 30 * 60, 3600, 4 * 3600, 24 * 3600)
"""For how many seconds a run may wait while remote.it can't be reached, to choose from."""


@dataclass(frozen=True)
class Controls:
    """What can be done with a run now. `cancel`: how many are not sent; `again`: how many can be stopped again.

    `came_back`: how many came back and are open; `verify`: how many another list could settle; `decide`: whether what
    is left can be left on purpose.
    """

    take_over: bool = False
    pause: bool = False
    resume: bool = False
    cancel: int = 0
    again: int = 0
    came_back: int = 0
    verify: int = 0
    decide: bool = False


def controls(progress: Progress, user: User) -> Controls:
    """What `user` can do with the run now: nothing that would have no effect."""
    run = progress.run
    if not control.may_steer(user, run):
        return Controls()
    if progress.final:
        back = control.came_back(run).count() if progress.tally.verdicts[Verdict.CAME_BACK] else 0
        unverified = verifiable_again(run).count() if progress.tally.verdicts[Verdict.UNVERIFIED] else 0
        return Controls(again=control.left_to_stop(run).count(), came_back=back, verify=unverified, decide=True)
    if run.cancelled_at:
        return Controls()
    paused, queued = run.paused_at is not None, progress.tally.states[ItemState.QUEUED]
    return Controls(take_over=run.steward_id != user.pk, pause=not paused, resume=paused, cancel=queued)


def hand_over(progress: Progress, user: User) -> dict[str, Any]:
    """What `user` can do with the run, whether they may leave a note, and what it waits for if remote.it is away."""
    return {
        "controls": controls(progress, user),
        "may_note": control.may_steer(user, progress.run),
        "outage": None if progress.final else read_outage(progress),
        "wait_limits": [(seconds, duration(seconds)) for seconds in WAIT_LIMITS],
    }


@require_POST
def pause_view(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, steerable(request, pk), control.pause)


@require_POST
def resume_view(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, steerable(request, pk), control.resume)


@require_http_methods(["GET", "HEAD", "POST"])
def cancel_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask first, and say what can't be undone; the POST from there cancels."""
    run = steerable(request, pk)
    if request.method == "POST":
        response = _steer(request, run, control.cancel)
        if run.cancelled_at and not run.items.filter(attempts__gt=0).exists():
            messages.success(request, _("Cancelled. Nothing of this run was sent to remote.it."))
        return response
    progress = read_progress(run)
    left = controls(progress, user_of(request)).cancel
    if not left:
        messages.info(request, _("Nothing of this run is left to cancel."))
        return to_run(run)
    context = page_context(
        request,
        StopRun,
        title=_("Cancel the %(count)s not sent?") % {"count": number_format(left, force_grouping=True)},
        run=run,
        progress=progress,
        unclear=run.items.queued().filter(unclear_attempt__isnull=False).count(),
    )
    return TemplateResponse(request, "admin/runs/cancel.html", context)


@require_POST
def again_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Draft a run of what this one did not stop, and go to the page that asks before it is started.

    With a `cause` in the address, of what is left for that one alone.
    """

    def drafted(run: StopRun, user: User) -> StopRun:
        return control.again(run, user, narrowed(run, request.GET["cause"]) if "cause" in request.GET else None)

    return _draft(request, pk, drafted)


@require_POST
def cut_back_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Draft a run of what came back after this one, and go to the page that asks before it is started."""
    return _draft(request, pk, control.cut_back)


@require_POST
def verify_view(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, steerable(request, pk), verify_again)


@require_POST
def send_now_view(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, steerable(request, pk), control.send_now)


@require_POST
def take_over_view(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, steerable(request, pk), control.take_over)


@require_POST
def note_view(request: HttpRequest, pk: int) -> HttpResponse:
    text = request.POST.get("note", "")
    return _steer(request, steerable(request, pk), partial(control.note, text=text))


@require_POST
def wait_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Change for how long the run waits while remote.it can't be reached."""
    run, chosen = steerable(request, pk), request.POST.get("seconds", "")
    if chosen not in map(str, WAIT_LIMITS):
        messages.error(request, _("That is not among the times to choose from. Nothing was changed."))
        return to_run(run)
    return _steer(request, run, partial(control.wait_at_most, seconds=int(chosen)))


VIEWS = {
    "take_over": take_over_view,
    "note": note_view,
    "wait": wait_view,
    "pause": pause_view,
    "send_now": send_now_view,
    "resume": resume_view,
    "cancel": cancel_view,
    "again": again_view,
    "cut_back": cut_back_view,
    "verify": verify_view,
}
PAGES = tuple(Page(f"<int:pk>/{name}/", name, view) for name, view in VIEWS.items())


def narrowed(run: StopRun, cause: str) -> Q:
    """The condition on items of `run` that are left for the cause with this key; none where it has no such cause."""
    return next((one.where for one in causes(read_left(run)) if one.key == cause), Q(pk__in=[]))


def _draft(request: HttpRequest, pk: int, drafted: Callable[[StopRun, User], StopRun]) -> HttpResponse:
    run = steerable(request, pk)
    try:
        draft = drafted(run, user_of(request))
    except control.NotAllowed as error:
        messages.error(request, str(error))
        return to_run(run)
    return HttpResponseRedirect(reverse("admin:connections_stoprun_confirm", args=[draft.key]))


def steerable(request: HttpRequest, pk: int) -> StopRun:
    run = run_or_404(request, pk)
    if lacking := control.lacking_to_steer(user_of(request), run):
        raise Lacks(*lacking, but=NOTHING_CHANGED)
    return run


def _steer(request: HttpRequest, run: StopRun, wish: Wish) -> HttpResponse:
    try:
        wish(run, user_of(request), web_origin(request))
    except control.NotAllowed as error:
        messages.error(request, str(error))
    return to_run(run)
