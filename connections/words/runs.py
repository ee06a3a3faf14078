"""How a run goes and what it came to, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.defaultfilters import floatformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.models.states import ItemState
from connections.words.times import clock, duration

if TYPE_CHECKING:
    from datetime import datetime

    from connections.live.verdicts.progress import Verification
    from connections.stops.progress.progress import Progress
    from connections.stops.progress.tally import Tally


def headline(progress: Progress, verification: Verification) -> str:
    """The run in one line, for the window's title and to be read aloud."""
    if progress.final:
        result = result_of(progress, verification)
        return _("Run %(run)d: %(result)s") % {"run": progress.run.pk, "result": result}
    counts = {"answered": number_format(progress.tally.answered), "total": number_format(progress.tally.total)}
    return _("Run %(run)d: %(answered)s of %(total)s answered") % {"run": progress.run.pk, **counts}


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
