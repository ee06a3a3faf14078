"""A person's control over a run on its page: which buttons it has, and what they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from connections.admin.pages import Page, page_context
from connections.admin.refusals import Lacks
from connections.admin.runs.sight import run_or_404, to_run
from connections.live.verdicts.retry import verifiable_again, verify_again
from connections.models import StopRun
from connections.models.rights import NOTHING_CHANGED
from connections.models.states import NOT_GONE, ItemState, Verdict
from connections.stops import control
from connections.stops.progress.progress import Progress, read_progress
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin

Wish = Callable[[StopRun, "User", "Origin"], None]


@dataclass(frozen=True)
class Controls:
    """What can be done with a run now. `cancel`: how many are not sent; `again`: what can be sent again, by outcome.

    `came_back`: how many came back and are open; `verify`: how many another list could settle.
    """

    pause: bool = False
    resume: bool = False
    cancel: int = 0
    again: Counter[str] = field(default_factory=Counter)
    came_back: int = 0
    verify: int = 0

    @property
    def again_total(self) -> int:
        return self.again.total()

    @property
    def again_words(self) -> str:
        """What the button does. Unknown ones may have been stopped, so they are never among the "not stopped"."""
        total = number_format(self.again_total, force_grouping=True)
        unknown = self.again[ItemState.UNKNOWN]
        if unknown == self.again_total:
            return _("Retry %(count)s unknown…") % {"count": total}
        if unknown:
            return _("Retry %(count)s not stopped or unknown…") % {"count": total}
        return _("Retry %(count)s not stopped…") % {"count": total}

    @property
    def explanation(self) -> list[str]:
        """What the buttons below a run that is done would do, a sentence each."""
        covered = {"outcomes": self._again_covers()}
        found = []
        if self.again_total and self.came_back:
            found.append(_("“Retry” covers %(outcomes)s.") % covered)
            found.append(_("Both make a new run linked to this one, with its reason."))
        elif self.again_total or self.came_back:
            if self.again_total:
                found.append(_("Covers %(outcomes)s.") % covered)
            found.append(_("It makes a new run linked to this one, with its reason."))
        if self.verify:
            found.append(_("Verifying has the lists read again and sends no stop."))
        return found

    def _again_covers(self) -> str:
        """The outcomes behind the button, in words: "3 refused, 2 failed"."""
        keys = (*NOT_GONE, Verdict.STILL_ALIVE)
        counts = [(self.again[key], key.label) for key in keys if self.again[key]]
        return ", ".join(f"{number_format(count, force_grouping=True)} {label}" for count, label in counts)


def controls(progress: Progress, user: User) -> Controls:
    """What `user` can do with the run now: nothing that would have no effect."""
    run = progress.run
    if not control.may_steer(user, run):
        return Controls()
    if progress.final:
        back = control.came_back(run).count() if progress.tally.verdicts[Verdict.CAME_BACK] else 0
        unverified = verifiable_again(run).count() if progress.tally.verdicts[Verdict.UNVERIFIED] else 0
        return Controls(again=control.left_to_stop(run), came_back=back, verify=unverified)
    if run.cancelled_at:
        return Controls()
    paused = run.paused_at is not None
    return Controls(pause=not paused, resume=paused, cancel=progress.tally.states[ItemState.QUEUED])


@require_POST
def pause_view(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, _steerable(request, pk), control.pause)


@require_POST
def resume_view(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, _steerable(request, pk), control.resume)


@require_http_methods(["GET", "HEAD", "POST"])
def cancel_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask first, and say what can't be undone; the POST from there cancels."""
    run = _steerable(request, pk)
    if request.method == "POST":
        return _steer(request, run, control.cancel)
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
    """Draft a run of what this one did not stop, and go to the page that asks before it is started."""
    return _draft(request, pk, control.again)


@require_POST
def cut_back_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Draft a run of what came back after this one, and go to the page that asks before it is started."""
    return _draft(request, pk, control.cut_back)


@require_POST
def verify_view(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, _steerable(request, pk), verify_again)


VIEWS = {
    "pause": pause_view,
    "resume": resume_view,
    "cancel": cancel_view,
    "again": again_view,
    "cut_back": cut_back_view,
    "verify": verify_view,
}
PAGES = tuple(Page(f"<int:pk>/{name}/", name, view) for name, view in VIEWS.items())


def _draft(request: HttpRequest, pk: int, drafted: Callable[[StopRun, User], StopRun]) -> HttpResponse:
    run = _steerable(request, pk)
    try:
        draft = drafted(run, user_of(request))
    except control.NotAllowed as error:
        messages.error(request, str(error))
        return to_run(run)
    return HttpResponseRedirect(reverse("admin:connections_stoprun_confirm", args=[draft.key]))


def _steerable(request: HttpRequest, pk: int) -> StopRun:
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
