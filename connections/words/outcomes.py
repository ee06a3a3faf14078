"""What became of items, in words: counts for a line, a note for one item, and what the API said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from connections.models.states import FINISHED, NEVER_SENT, SETTLED, ConnectionStatus, ItemState, Verdict
from connections.remoteit.wire.breaks import split
from connections.words.actions import is_api_s_own
from connections.words.times import clock, seconds

if TYPE_CHECKING:
    from connections.live.verdicts.basis import ListRead
    from connections.models import StopItem
    from connections.stops.progress.tally import Tally


def outcome_labels(tally: Tally) -> list[tuple[str, str]]:
    """State or verdict, and words, for all that occur: ("confirmed_gone", "396 confirmed gone").

    A verdict of a list says more than the answer before it; where there is none, the answer stands: "8 accepted".
    """
    verdicts, cells = tally.verdicts, tally.cells
    accepted_only = cells[ItemState.STOPPED, Verdict.UNVERIFIED]
    counts = [(str(verdict), str(verdict.label), verdicts[verdict]) for verdict in SETTLED]
    counts.append((str(Verdict.UNVERIFIED), _("accepted, unverified"), accepted_only))
    counts.append(
        (str(Verdict.UNVERIFIED), str(Verdict.UNVERIFIED.label), verdicts[Verdict.UNVERIFIED] - accepted_only)
    )
    for state in FINISHED:
        word = _("accepted") if state == ItemState.STOPPED else str(state.label)
        counts.append((str(state), word, cells[state, ""]))
    return [
        (state, _("%(count)s %(state)s") % {"count": number_format(count), "state": word})
        for state, word, count in counts
        if count
    ]


@dataclass(frozen=True)
class Said:
    """What came back for an attempt. `quoted`: the words are the API's own; else they are ours."""

    status: int | None
    words: str
    quoted: bool
    detail: str = ""
    """The exceptions behind words of ours, and what the operating system said: for whoever debugs it."""


def said(state: str, status: int | None, reason: str) -> Said:
    """The answer to the last attempt: the API's words word for word, or what is known when it said nothing.

    Where the API gave no reason of its own, the client writes one, which is not put into quotes.
    """
    if not reason and state == ItemState.STOPPED and status:
        return Said(status, _("status “true”"), quoted=False)
    if status is None:
        sentence, classes = split(reason)
        return Said(None, sentence, quoted=False, detail=classes)
    if f"HTTP {status}" in reason:
        return Said(None, reason, quoted=False)
    return Said(status, reason, quoted=is_api_s_own(state, status, reason))


def said_of(item: StopItem) -> Said:
    if item.state == ItemState.SENDING:
        return Said(None, _("no answer yet"), quoted=False)
    if item.state in NEVER_SENT or item.answered_at is None:
        return Said(None, _("not sent"), quoted=False)
    return said(item.state, item.upstream_status, item.upstream_reason)


def note_of(item: StopItem) -> str:
    """What has to be said beside the item's state, or ""."""
    match item.state:
        case ItemState.SKIPPED:
            return item.get_skipped_why_display()
        case ItemState.QUEUED if item.attempts:
            return _waiting(item)
        case ItemState.ALREADY_GONE if item.unclear_attempt:
            return _("gone, possibly by our attempt %d") % item.unclear_attempt
        case ItemState.ALREADY_GONE if item.connection_was == ConnectionStatus.UNKNOWN:
            return _("gone, possibly by an earlier run")
        case ItemState.UNKNOWN if item.unclear_attempt and item.unclear_attempt < item.attempts:
            return _("attempt %d may have stopped it") % item.unclear_attempt
        case ItemState.UNKNOWN:
            return _("may have been stopped")
    return ""


def note_of_verdict(item: StopItem, read: ListRead | None) -> str:
    """What has to be said beside the item's verdict, or "". `read`: the list that it rests on, where it is known."""
    facts = {"time": clock(read.asked_at if read else item.verdict_at or timezone.now())}
    match item.verdict:
        case Verdict.CONFIRMED_GONE:
            return _("by the list of %(time)s") % facts
        case Verdict.STILL_ALIVE:
            return _("in the list of %(time)s, same id") % facts
        case Verdict.CAME_BACK:
            return _("%s later") % seconds(item.came_back_after_s or 0, 0)
        case Verdict.UNVERIFIED:
            return item.get_verdict_why_display()
    return ""


def _waiting(item: StopItem) -> str:
    number = {"number": item.attempts + 1}
    if item.not_before and item.not_before > timezone.now():
        return _("waits until %(time)s, then attempt %(number)d") % {"time": clock(item.not_before), **number}
    return _("waits for attempt %(number)d") % number
