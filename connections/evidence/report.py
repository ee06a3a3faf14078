"""The first page of an evidence: what a customer wants to know, in their words and in one time zone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.models.states import CUT, ItemState, Verdict
from connections.words import zones
from connections.words.counts import number

if TYPE_CHECKING:
    from collections import Counter

    from connections.evidence.story import Evidence


def report(evidence: Evidence) -> dict[str, str]:
    """The sentences of the page. Its times are in the time zone in force, that of who asked for the file."""
    first = evidence.first
    total = int(first.get("count", 0))
    gone, back = evidence.verdicts[Verdict.CONFIRMED_GONE], evidence.verdicts[Verdict.CAME_BACK]
    alive, accepted = evidence.verdicts[Verdict.STILL_ALIVE], sum(evidence.counts[state] for state in CUT)
    text = ngettext(
        "%(count)s remote connection was ordered to be stopped.",
        "%(count)s remote connections were ordered to be stopped.",
        total,
    )
    return {
        "headline": _headline(total, gone=gone, back=back, alive=alive, accepted=accepted),
        "what": text % {"count": number(total)},
        "when": _when(first["at"]),
        "result": _result(evidence.counts, gone=gone, back=back, alive=alive, total=total),
    }


def device(row: dict[str, Any]) -> dict[str, str]:
    """One line of the table, of an item as `connections.evidence.pages.flat` gives it."""
    return {
        "device": row.get("device_name") or row["device_address"],
        "service": row.get("service_name", ""),
        "person": row.get("opened_by", ""),
        "asked": _clock(row["first_sent_at"]) if row["first_sent_at"] else _("not asked"),
        "result": str(_outcome(row)),
    }


def _headline(total: int, *, gone: int, back: int, alive: int, accepted: int) -> str:
    """The bad news first."""
    counts = {"total": number(total), "gone": number(gone), "back": number(back), "accepted": number(accepted)}
    if alive:
        return _("%(alive)s of %(total)s connections are still open") % {**counts, "alive": number(alive)}
    if back:
        text = ngettext(
            "%(gone)s of %(total)s connections are gone; %(back)s was opened again",
            "%(gone)s of %(total)s connections are gone; %(back)s were opened again",
            back,
        )
        return text % counts
    if gone:
        return _("%(gone)s of %(total)s connections are gone") % counts
    return _("%(accepted)s of %(total)s stops were accepted; no list has confirmed them") % counts


def _result(counts: Counter[str], *, gone: int, back: int, alive: int, total: int) -> str:
    not_stopped = counts[ItemState.REFUSED] + counts[ItemState.FAILED]
    words = (
        (gone, _("%(count)s confirmed gone")),
        (back, _("%(count)s gone and opened again")),
        (alive, _("%(count)s still open")),
        (not_stopped, _("%(count)s not accepted")),
        (counts[ItemState.UNKNOWN], _("%(count)s without a clear answer")),
        (counts[ItemState.CANCELLED], _("%(count)s withdrawn before it was sent")),
    )
    parts = [text % {"count": number(count)} for count, text in words if count]
    told = _("Of %(total)s: %(parts)s.") % {"total": number(total), "parts": ", ".join(parts)}
    return told if parts else _("Nothing is known yet beyond what was asked.")


def _outcome(row: dict[str, Any]) -> str:
    by_verdict = {
        Verdict.CONFIRMED_GONE: _("gone"),
        Verdict.CAME_BACK: _("gone, then opened again"),
        Verdict.STILL_ALIVE: _("still open"),
    }
    by_outcome = {
        ItemState.STOPPED: _("accepted, not confirmed"),
        ItemState.ALREADY_GONE: _("already gone"),
        ItemState.REFUSED: _("refused by remote.it"),
        ItemState.FAILED: _("remote.it was not reached"),
        ItemState.UNKNOWN: _("no clear answer"),
        ItemState.CANCELLED: _("withdrawn, not sent"),
        ItemState.SKIPPED: _("left out"),
    }
    return str(by_verdict.get(row["verdict"]) or by_outcome.get(row["outcome"], row["outcome"]))


def _when(at: str) -> str:
    moment = datetime.fromisoformat(at)
    zone = zones.in_words(timezone.get_current_timezone(), moment)
    local = timezone.localtime(moment)
    return _("%(time)s (times in %(zone)s)") % {"time": f"{local:%Y-%m-%d %H:%M:%S}", "zone": zone}


def _clock(at: str) -> str:
    return f"{timezone.localtime(datetime.fromisoformat(at)):%H:%M:%S}"
