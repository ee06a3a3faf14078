"""The first page after signing in: what is open, what is under way, which runs need someone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.admin.overview.charts import open_by, stops_by_hour
from connections.admin.people.rights_notice import changes_for
from connections.admin.runs.state import paused_accounts, with_state
from connections.audit import triggers
from connections.live.standing import left_condition, list_state
from connections.models import Account, AuditVerification, Connection, StopItem, StopRun, Worker
from connections.models.rights import may
from connections.models.states import ConnectionStatus, ItemState, Verdict
from connections.stops.progress.tally import tallies
from connections.words.counts import CAP, count_capped, in_words, number
from connections.words.outcomes import outcome_labels

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse

    from connections.models.runs import StopRunQuerySet
    from connections.stops.progress.tally import Tally

LOOKED_AT = 25
"""Of how many of the last runs it is told whether they need someone: each is read for that, every 10 seconds."""
MOST_RUNS = 5
LONGEST_OPEN = 5
TO_DO = {
    Verdict.CAME_BACK: gettext_lazy("opened again since: decide whether to cut that, too"),
    Verdict.STILL_ALIVE: gettext_lazy("still open: stop it again"),
    ItemState.UNKNOWN: gettext_lazy("may be stopped: the next complete list may tell, or stop it again"),
    ItemState.REFUSED: gettext_lazy("read what remote.it said, then retry"),
    ItemState.FAILED: gettext_lazy("never reached remote.it: retry"),
    Verdict.UNVERIFIED: gettext_lazy("no list could tell whether it is gone"),
}
"""What a person can do about what a run came to, the most pressing first."""


@dataclass(frozen=True)
class Needy:
    """A run that goes on, or that is done and needs a look: `states` tells how, or at what, as state and words."""

    run: StopRun
    tally: Tally
    states: list[tuple[str, str]]
    left_to_do: str


def index(request: HttpRequest) -> HttpResponse:
    """Django's first page of the admin with the overview in it, for who may see connections."""
    user = cast("User", request.user)
    seen = {"now": overview(user)} if may(user, "view_connection") else {}
    return admin.site.index(request, seen)


def overview(user: User) -> dict[str, Any]:
    """The context of the page, for `user`, who may see connections."""
    connections = Connection.objects.visible_to(user)
    accounts = list(Account.objects.all())
    live = connections.open().within_end()
    workers = Worker.objects.alive().count()
    started = StopRun.objects.visible_to(user).started()
    open_now = count_capped(live)
    return {
        "changes": changes_for(user),
        "lists": list_state(accounts),
        "open": in_words(open_now),
        "by_account": open_by(live, "account__name") if open_now <= CAP else [],
        "by_service": open_by(live, "service_name") if open_now <= CAP else [],
        "most_open": open_now,
        "hours": stops_by_hour(started, timezone.now()),
        "past_end": count_capped(connections.open().filter(expires_at__lte=timezone.now())),
        "unknown": count_capped(connections.filter(status=ConnectionStatus.UNKNOWN)),
        "stopping": count_capped(connections.filter(status=ConnectionStatus.STOPPING)),
        "waiting": count_capped(StopItem.objects.held()),
        "workers": workers,
        "triggers_missing": bool(triggers.missing()),
        "verified": AuditVerification.objects.first(),
        "has_runs": started.exists(),
        "runs": _needy(started, has_worker=workers > 0),
        "looked_at": LOOKED_AT,
        "longest": live.exclude(left_condition(accounts))
        .filter(opened_at__isnull=False)
        .order_by("opened_at", "pk")[:LONGEST_OPEN],
    }


def _needy(started: StopRunQuerySet, *, has_worker: bool) -> list[Needy]:
    last = list(started.order_by("-pk").values_list("pk", flat=True)[:LOOKED_AT])
    runs = list(
        with_state(started.filter(pk__in=last)).filter(Q(going=True) | Q(trouble=True)).order_by("-pk")[:MOST_RUNS]
    )
    counted, paused = tallies(runs), paused_accounts(runs)
    return [_needs(run, counted[run.pk], paused.get(run.pk, []), has_worker=has_worker) for run in runs]


def _needs(run: StopRun, tally: Tally, paused: list[str], *, has_worker: bool) -> Needy:
    if not tally.left:
        to_look_at = [(state, words) for state, words in outcome_labels(tally) if state in TO_DO]
        states = {state for state, _words in to_look_at}
        left_to_do = next((words for state, words in TO_DO.items() if state in states), "")
        return Needy(run, tally, to_look_at, str(left_to_do))
    counts = {"answered": number(tally.answered), "total": number(tally.total)}
    if run.paused_at:
        words = _("paused, %(answered)s of %(total)s answered") % counts
        return Needy(run, tally, [("paused", words)], _("resume it, or cancel what is not sent"))
    if not has_worker:
        words = _("waits for a worker, %(answered)s of %(total)s answered") % counts
        return Needy(run, tally, [("queued", words)], _("start a worker: it then goes on by itself"))
    words = _("running, %(answered)s of %(total)s answered") % counts
    waits = _("%s paused: it goes on when the account does") % ", ".join(paused) if paused else ""
    return Needy(run, tally, [("running", words)], waits or _("nothing: it goes on by itself"))
