"""What the page of a run says of its verdicts: how many of each, beside which answers, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.live.verdicts.basis import Basis, last_bases
from connections.models.states import OUTCOMES, SETTLED, ItemState, Verdict
from connections.words.times import seconds

if TYPE_CHECKING:
    from connections.live.verdicts.progress import Verification
    from connections.models import Account
    from connections.stops.progress.progress import Progress
    from connections.stops.progress.tally import Tally

NO_VERDICT = "none"
COLUMNS = {
    Verdict.CONFIRMED_GONE.value: gettext_lazy("Gone"),
    Verdict.STILL_ALIVE.value: gettext_lazy("Alive"),
    Verdict.CAME_BACK.value: gettext_lazy("Back"),
    Verdict.UNVERIFIED.value: gettext_lazy("Unverified"),
    "": gettext_lazy("No verdict"),
}


@dataclass(frozen=True)
class Unlisted:
    """An account whose list could not be read completely: when and why, and how many it leaves without a verdict."""

    account: Account
    at: datetime
    why: str
    count: int


def verdict_part(progress: Progress, verification: Verification) -> dict[str, Any]:
    """The context of what the page says of verdicts, once every item of the run has its outcome."""
    part: dict[str, Any] = {"verification": verification, "unclear": progress.tally.states[ItemState.UNKNOWN]}
    if not progress.final:
        return part
    if progress.tally.has_verdicts:
        part |= _matrix(progress.tally)
    bases, earlier = last_bases(progress.run)
    return part | {
        "bases": bases,
        "earlier_lists": earlier,
        "unlisted": _unlisted(progress, bases),
        "unclear": progress.tally.unknown,
    }


def tiles(tally: Tally, chosen: str) -> list[dict[str, Any]]:
    """One tile for each verdict, and for those that have none yet."""
    words = {
        Verdict.CONFIRMED_GONE: _("listed before, and missing from a complete list asked for after the answer"),
        Verdict.STILL_ALIVE: _alive_words(tally),
        Verdict.CAME_BACK: _back_words(tally),
        Verdict.UNVERIFIED: _("no list could settle it; each says why"),
    }
    return [
        {
            "state": verdict.value,
            "count": tally.verdicts[verdict],
            "words": words[verdict],
            "current": verdict.value == chosen,
        }
        for verdict in (*SETTLED, Verdict.UNVERIFIED)
    ]


def _alive_words(tally: Tally) -> str:
    accepted = tally.cells[ItemState.STOPPED, Verdict.STILL_ALIVE]
    if not accepted:
        return _("in the list with the same id")
    text = _("in the list with the same id; %(count)s of them although the API said “true”")
    return text % {"count": number_format(accepted)}


def _back_words(tally: Tally) -> str:
    if tally.back_after_s is None:
        return _("same service and person, new id")
    return _("same service and person, new id; the first after %s") % seconds(tally.back_after_s, 0)


def _matrix(tally: Tally) -> dict[str, Any]:
    """Outcomes by verdict: a row for each outcome that occurs, with the key of the items behind each number."""
    columns = [(verdict, words) for verdict, words in COLUMNS.items() if verdict or tally.verdicts[""]]
    rows = [
        {
            "state": state.value,
            "count": tally.states[state],
            "cells": [
                {"count": tally.cells[state, verdict], "key": f"{state.value}:{verdict or NO_VERDICT}"}
                for verdict, _words in columns
            ],
        }
        for state in OUTCOMES
        if tally.states[state]
    ]
    totals = [tally.verdicts[verdict] for verdict, _words in columns]
    return {"columns": [words for _verdict, words in columns], "matrix": rows, "matrix_total": totals}


def _unlisted(progress: Progress, bases: list[Basis]) -> list[Unlisted]:
    found = []
    for part in progress.accounts:
        account, verdicts = part.account, part.tally.verdicts
        failed = [one for one in bases if one.account == account and not one.read.complete]
        if failed:
            last = failed[0].read
            found.append(Unlisted(account, last.read_at, last.why, verdicts[Verdict.UNVERIFIED] + verdicts[""]))
        elif verdicts[""] and account.listed_at and not account.list_is_complete:
            found.append(Unlisted(account, account.listed_at, account.list_why, verdicts[""]))
    return found
