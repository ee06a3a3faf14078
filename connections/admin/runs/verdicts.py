"""What the page of a run says of its verdicts: how many of each, beside which answers, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from connections.live.verdicts.basis import Basis, last_bases
from connections.models.states import ItemState, Verdict

if TYPE_CHECKING:
    from connections.live.verdicts.progress import Verification
    from connections.models import Account
    from connections.stops.progress.progress import Progress
    from connections.stops.progress.tally import Tally

NO_VERDICT = "none"
COLUMNS = {
    Verdict.STILL_ALIVE.value: (gettext_lazy("still alive"), gettext_lazy("alive")),
    Verdict.CAME_BACK.value: (gettext_lazy("came back"), gettext_lazy("back")),
    Verdict.UNVERIFIED.value: (gettext_lazy("unverified"), gettext_lazy("unverified")),
    Verdict.CONFIRMED_GONE.value: (gettext_lazy("confirmed gone"), gettext_lazy("gone")),
    "": (gettext_lazy("no verdict yet"), gettext_lazy("none yet")),
}
"""Each verdict in words, and in fewer for a narrow screen; the troubled ones first."""
TROUBLED = (Verdict.STILL_ALIVE, Verdict.CAME_BACK)
ROWS = {
    ItemState.UNKNOWN: gettext_lazy("no clear answer"),
    ItemState.REFUSED: gettext_lazy("remote.it said no"),
    ItemState.FAILED: gettext_lazy("never reached remote.it"),
    ItemState.STOPPED: gettext_lazy("remote.it said “true”"),
    ItemState.ALREADY_GONE: gettext_lazy("remote.it does not know it"),
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
        part |= _cross(progress.tally)
    bases, earlier = last_bases(progress.run)
    return part | {
        "bases": bases,
        "earlier_lists": earlier,
        "unlisted": _unlisted(progress, bases),
        "unclear": progress.tally.unknown,
    }


def _cross(tally: Tally) -> dict[str, Any]:
    """Outcomes by verdict, the troubled ones first, with the key of the items behind each number."""
    columns = [(verdict, *words) for verdict, words in COLUMNS.items() if verdict or tally.verdicts[""]]
    rows = [
        {
            "state": state.value,
            "words": ROWS[state],
            "count": tally.states[state],
            "cells": [
                {
                    "count": tally.cells[state, verdict],
                    "key": f"{state.value}:{verdict or NO_VERDICT}",
                    "bad": verdict in TROUBLED and tally.verdicts[verdict],
                }
                for verdict, _words, _short in columns
            ],
        }
        for state in ROWS
        if tally.states[state]
    ]
    heads = [
        {
            "verdict": verdict,
            "words": words,
            "short": short,
            "count": tally.verdicts[verdict],
            "bad": verdict in TROUBLED and tally.verdicts[verdict],
        }
        for verdict, words, short in columns
    ]
    return {"heads": heads, "matrix": rows}


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
