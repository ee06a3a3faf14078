"""How a run goes and what it came to, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.template.defaultfilters import floatformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.models.states import ItemState
from connections.stops.progress.left import Standing
from connections.stops.progress.outage import read_outage
from connections.words.counts import number
from connections.words.times import clock, duration

if TYPE_CHECKING:
    from datetime import datetime

    from connections.live.verdicts.progress import Verification
    from connections.models import StopRun
    from connections.models.sight.items import Part
    from connections.stops.progress.left import Left
    from connections.stops.progress.outage import Outage
    from connections.stops.progress.progress import Progress
    from connections.stops.progress.tally import Tally


@dataclass(frozen=True)
class Headline:
    """A run in one line, the worst that is true now, and in the sentences after it. `tone`: trouble, good, busy or "".

    `icon`: of the sprite.
    """

    words: str
    tone: str
    icon: str
    lead: list[str]


def yours_to_see(part: Part) -> str:
    """How much of a run somebody sees who does not see all of it."""
    text = ngettext("%(seen)s of %(all)s is yours to see", "%(seen)s of %(all)s are yours to see", part.seen)
    return text % {"seen": number(part.seen), "all": number(part.all)}


def headline(progress: Progress, verification: Verification, left: Left) -> Headline:
    """What `progress` came to, or how far it is; `left`: what of it is open or undecided now."""
    if not progress.final:
        outage = read_outage(progress)
        if outage and outage.is_whole and progress.state == "running":
            return waiting_headline(outage)
        counts = {"answered": number(progress.tally.answered), "total": number(progress.tally.total)}
        return Headline(_("%(answered)s of %(total)s answered") % counts, "busy", "sending", [])
    if not progress.tally.total:
        return Headline(_("Nothing was left to stop"), "", "skipped", [])
    result = result_of(progress, verification)
    since = _since(left)
    if trouble := _trouble(progress.tally, left):
        icon = "back" if left.back and not left.open else "warning"
        return Headline(trouble, "trouble", icon, [_("%s.") % result, *since])
    all_gone = progress.tally.confirmed_gone == progress.tally.total
    tone, icon = ("good", "gone") if all_gone else ("", "stopped")
    return Headline(result, tone, icon, since)


def waiting_headline(outage: Outage) -> Headline:
    """What a run says whose every stop waits for remote.it."""
    text = ngettext(
        "%(count)s stop waits and goes on by itself when remote.it can be reached again.",
        "%(count)s stops wait and go on by themselves when remote.it can be reached again.",
        outage.waiting,
    )
    lead = [
        _("Nothing has failed for that, and nothing is sent twice."),
        text % {"count": number(outage.waiting)},
        _("Waiting uses no tries."),
    ]
    return Headline(_("Waiting for remote.it since %s") % clock(outage.since), "busy", "unverified", lead)


def title_of(words: str, run: StopRun) -> str:
    """The title of the window: the worst first, since a tab shows little of it."""
    return _("%(result)s · run %(run)d") % {"result": words, "run": run.pk}


def _trouble(tally: Tally, left: Left) -> str:
    """What is open or in doubt now, in one line; "" when nothing is."""
    total, parts = number(tally.total), []
    if left.open and left.open == tally.total == tally.states[ItemState.FAILED]:
        return _("None reached remote.it: %(open)s still open") % {"open": number(left.open)}
    if left.back and not left.open:
        text = ngettext("%(count)s came back", "%(count)s came back", left.back) % {"count": number(left.back)}
        gone = _("%(count)s gone") % {"count": number(tally.confirmed_gone)} if tally.confirmed_gone else ""
        parts += [text, gone]
    elif left.open:
        parts.append(_("%(open)s of %(total)s still open") % {"open": number(left.open), "total": total})
        parts.append(_("%(count)s came back") % {"count": number(left.back)} if left.back else "")
    if left.doubt:
        parts.append(_("%(count)s of %(total)s may still be open") % {"count": number(left.doubt), "total": total})
    return ", ".join(part for part in parts if part)


def _since(left: Left) -> list[str]:
    """What has become, since, of what the run left: why fewer are open now than it saw."""
    words = {
        Standing.ENDED: _("%(count)s gone since"),
        Standing.AGAIN: _("%(count)s in a later run"),
        Standing.LEFT: _("%(count)s left as they are, by decision"),
    }
    counts = left.since
    parts = [text % {"count": number(counts[key])} for key, text in words.items() if counts[key]]
    if not parts:
        return []
    text = ngettext(
        "Of %(was)s that was not gone then: %(parts)s.", "Of %(was)s that were not gone then: %(parts)s.", left.was
    )
    return [text % {"was": number(left.was), "parts": ", ".join(parts)}]


def sending_in(seconds: int) -> str:
    """What the title says while the first sending is put off for so many `seconds` more."""
    return ngettext("Sending in %(seconds)s s", "Sending in %(seconds)s s", seconds) % {"seconds": seconds}


def result_of(progress: Progress, verification: Verification) -> str:
    """What a run that has all its outcomes came to: what is confirmed, or what was accepted while nothing is."""
    tally = progress.tally
    if not tally.is_judged or verification.is_awaited:
        return _accepted(tally)
    gone = tally.confirmed_gone
    text = ngettext("%(gone)s of %(total)s is confirmed gone", "%(gone)s of %(total)s are confirmed gone", gone)
    return text % {"gone": number_format(gone), "total": number_format(tally.total)}


def _accepted(tally: Tally) -> str:
    stopped = {"stopped": number_format(tally.states[ItemState.STOPPED]), "total": number_format(tally.total)}
    text = _("%(stopped)s of %(total)s stopped (accepted by remote.it)") % stopped
    rest = (
        (tally.states[ItemState.ALREADY_GONE], _("%(count)s already gone")),
        (tally.refused_or_failed, _("%(count)s not stopped")),
        (tally.states[ItemState.UNKNOWN], _("%(count)s unknown")),
        (tally.states[ItemState.CANCELLED], _("%(count)s cancelled")),
    )
    return ", ".join([text, *(words % {"count": number_format(count)} for count, words in rest if count)])


def standing(state: str, tally: Tally) -> str:
    """How a run that is not done stands, whose `state` is running, paused or waiting."""
    texts = {
        "running": _("running, %(answered)s answered"),
        "paused": _("paused, %(answered)s answered"),
        "waiting": _("waits for a worker, %(answered)s answered"),
    }
    return texts[state] % {"answered": number_format(tally.answered)}


def pace(progress: Progress) -> list[str]:
    """How fast the run goes, how long it takes on, and what holds up a part of it."""
    rate = _("%(rate)s a second") % {"rate": floatformat(progress.rate, -1)} if progress.rate else ""
    facts = [rate or _("no answer in the last 10 s")]
    if progress.seconds_left:
        facts.append(_("about %(left)s left") % {"left": duration(progress.seconds_left)})
    for account in progress.paused_accounts:
        if account.paused_until:
            paused = {"account": account, "until": clock(account.paused_until)}
            facts.append(_("%(account)s at least until %(until)s") % paused)
    return facts


def next_lists(verification: Verification, now: datetime) -> list[str]:
    """Which lists are awaited, and when each is read; else until when the run is watched."""
    if not verification.has_worker:
        return [_("no worker, so no list is read")]
    facts = []
    for part in verification.waiting:
        account, due = part.account, part.account.list_due_at
        if part.is_stuck:
            continue
        if due and now < due and not account.list_reader:
            facts.append(_("next list of %(account)s at about %(due)s") % {"account": account, "due": clock(due)})
        else:
            facts.append(_("the list of %(account)s is due or being read") % {"account": account})
    if not facts and verification.watched_until:
        until = clock(verification.watched_until)
        facts.append(_("watched until %(until)s for what comes back or goes late") % {"until": until})
    return facts
