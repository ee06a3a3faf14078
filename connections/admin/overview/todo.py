"""The overview's two lists: what needs somebody, each line with its action, and what goes on by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from connections.admin.runs.state import paused_accounts
from connections.models import StopItem, StopRun
from connections.stops.progress.left import Standing, handlers, read_left, standing_as
from connections.stops.progress.needs import KINDS, PAUSED, Need, under_way
from connections.stops.progress.tally import tallies
from connections.templatetags.runs import run_link
from connections.words.counts import number

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.admin.overview.decisions import Decision
    from connections.stops.progress.tally import Tally

SHOWN = 6
MOST_GOING = 999
NAMED = 3
OF_LATE = timedelta(days=1)
ICONS = {"back": "back", "open": "alive", "unverified": "unverified", PAUSED: "pause"}


@dataclass(frozen=True)
class Line:
    """Something to do about `run`: in words, and the devices that it is about."""

    run: StopRun
    kind: str
    count: int
    icon: str
    words: str
    devices: list[str]


@dataclass(frozen=True)
class Going:
    """A run that goes on by itself, in words."""

    run: StopRun
    tally: Tally
    icon: str
    words: str


@dataclass(frozen=True)
class Todo:
    """`count`: how many there are in all, the first in `decisions` and `lines`; `over`: what left the list lately."""

    count: int
    decisions: list[Decision]
    lines: list[Line]
    going: list[Going]
    going_count: int
    over: list[SafeString]
    back: int
    """How many came back and are open and undecided."""


def todo(user: User, found: list[Need], decisions: list[Decision], *, has_worker: bool) -> Todo:
    """What `user` has to do, which is `found` and to decide, and what goes on without them."""
    runs = StopRun.objects.in_bulk([one.run_id for one in found[:SHOWN]])
    going = list(under_way(user)[: MOST_GOING + 1])
    return Todo(
        len(found) + len(decisions),
        decisions[:SHOWN],
        [_line(one, runs[one.run_id]) for one in found[:SHOWN]],
        _going(going[:SHOWN], has_worker=has_worker),
        len(going),
        _over(user, {one.run_id for one in found}),
        sum(one.count for one in found if one.kind == "back"),
    )


def _line(need: Need, run: StopRun) -> Line:
    return Line(run, need.kind, need.count, ICONS[need.kind], _words(need), _devices(need, run))


def _words(need: Need) -> str:
    facts = {"run": need.run_id, "count": number(need.count)}
    match need.kind:
        case "back":
            text = _("%(count)s came back after run %(run)d")
        case "unverified":
            text = _("%(count)s accepted of run %(run)d, and no list came to confirm it")
        case kind if kind == PAUSED:
            text = _("Run %(run)d is paused: %(count)s not sent")
        case _other if need.counts[Standing.DOUBT] == need.count:
            text = _("%(count)s of run %(run)d may still be open")
        case _other:
            text = _("%(count)s still open of run %(run)d")
    return text % facts


def _devices(need: Need, run: StopRun) -> list[str]:
    if need.kind == PAUSED:
        items = run.items.queued()
    else:
        items = standing_as(run.items.troubled(), *KINDS[need.kind])
    return [str(item.connection) for item in items.select_related("connection").order_by("pk")[:NAMED]]


def _going(runs: list[StopRun], *, has_worker: bool) -> list[Going]:
    counted, paused = (tallies(runs), paused_accounts(runs)) if runs else ({}, {})
    return [_goes(run, counted[run.pk], paused.get(run.pk, []), has_worker=has_worker) for run in runs]


def _goes(run: StopRun, tally: Tally, paused: list[str], *, has_worker: bool) -> Going:
    counts = {"answered": number(tally.answered), "total": number(tally.total)}
    if not has_worker:
        return Going(run, tally, "queued", _("waits for a worker, %(answered)s of %(total)s answered") % counts)
    if paused:
        waits = _("%(answered)s of %(total)s answered; %(accounts)s paused, goes on when the account does")
        return Going(run, tally, "pause", waits % {**counts, "accounts": ", ".join(paused)})
    return Going(run, tally, "sending", _("%(answered)s of %(total)s answered") % counts)


def _over(user: User, needing: set[int]) -> list[SafeString]:
    """What the last day's runs had left that needs nobody any more, and why."""
    runs = StopRun.objects.visible_to(user).started().filter(started_at__gte=timezone.now() - OF_LATE)
    troubled = runs.filter(pk__in=StopItem.objects.in_runs(runs).troubled().values("run"))
    last = troubled.exclude(pk__in=needing).order_by("-pk")[:NAMED]
    return [said for run in last if (said := _why_over(run, user))]


def _why_over(run: StopRun, user: User) -> SafeString:
    left = read_left(run)
    if not left.was or left.to_do:
        return SafeString()
    since, link = left.since, run_link(run, {run.pk})
    if since[Standing.AGAIN]:
        later = list(handlers(run).visible_to(user)[:NAMED])
        links = format_html(", ".join("{}" for _one in later), *(run_link(one, {one.pk}) for one in later))
        return format_html(_("{count} of {run}, handled by {later}"), count=number(left.was), run=link, later=links)
    if since[Standing.LEFT]:
        return format_html(_("{count} of {run}, left by decision"), count=number(left.was), run=link)
    return format_html(_("{count} of {run}, gone since"), count=number(left.was), run=link)
