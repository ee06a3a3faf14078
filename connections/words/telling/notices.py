"""What a notice says, and by what sign."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from connections.models.telling.bell import Kind
from connections.words.counts import number
from connections.words.door import changes

if TYPE_CHECKING:
    from django.utils.functional import Promise

ICONS: dict[str, str] = {
    Kind.CAME_BACK: "back",
    Kind.LEFT: "alive",
    Kind.APPROVAL: "two",
    Kind.ACCOUNT: "warning",
    Kind.UNREACHED: "unverified",
    Kind.HISTORY: "chain",
    Kind.WEBHOOK: "link",
    Kind.WORKER: "pause",
    Kind.ENDED: "stopped",
    Kind.DECIDED: "two",
    Kind.TAKEN: "user",
    Kind.HOLD: "hold",
}
SENTENCES: dict[str, str | Promise] = {
    Kind.APPROVAL: _("Run %(run)s waits for a second person: %(who)s asked"),
    Kind.ACCOUNT: _("The list of %(account)s isn't read any more"),
    Kind.UNREACHED: _("remote.it can't be reached for %(account)s"),
    Kind.HISTORY: _("The history does not hold"),
    Kind.WEBHOOK: _("The webhook “%(webhook)s” took nothing any more and was turned off"),
    Kind.WORKER: _("No worker was alive for a while, so nothing was sent"),
    Kind.ENDED: _("Run %(run)s ended, and nothing of it is left to do"),
    Kind.DECIDED: _("%(who)s decided about run %(run)s: %(what)s"),
    Kind.TAKEN: _("%(who)s took over your run %(run)s"),
    Kind.HOLD: _("Hold %(hold)s: %(what)s"),
}
PART_OF_RUN: dict[str, str | Promise] = {
    Kind.CAME_BACK: _("Something came back after run %(run)s"),
    Kind.LEFT: _("Something of run %(run)s is still open or undecided"),
}
"""To who sees a part of the run: no number."""
DECISIONS: dict[str, str | Promise] = {
    "run.approved": _("approved"),
    "run.denied": _("denied"),
    "approval.expired": _("nobody decided in time"),
}
CHANGES: dict[str, str | Promise] = {
    "": _("%(who)s wishes to %(what)s: a second person decides"),
    "change.confirmed": _("%(who)s confirmed that you may %(what)s"),
    "change.denied": _("%(who)s denied your wish to %(what)s"),
    "change.due": _("Nobody denied your wish to %(what)s in 24 hours: it counts"),
    "change.lapsed": _("Your wish to %(what)s can't be made any more"),
}
OF_HOLDS: dict[str, str | Promise] = {
    "hold.returned": _("something came back"),
    "hold.quiet": _("nothing came back for the quiet time"),
    "hold.ended": _("it ended"),
}


def sentence(kind: str, facts: dict[str, Any]) -> str:
    """The notice in one sentence, without a full stop. `facts`: what `notices/people.py` kept for it."""
    if kind in (Kind.CAME_BACK, Kind.LEFT):
        return _of_run(kind, facts)
    if facts.get("change"):
        return _of_change(facts)
    if facts.get("review"):
        return str(_("Run %(run)s was started without a second person, by %(who)s: review it")) % facts
    if facts.get("action") == "approval.expired":
        return str(_("Nobody decided in time about run %(run)s")) % facts
    told = {**facts, "what": {**DECISIONS, **OF_HOLDS}.get(facts.get("action", ""), "")}
    return str(SENTENCES[kind]) % defaultdict(str, told)


def _of_change(facts: dict[str, Any]) -> str:
    told = {"who": facts.get("who", ""), "what": changes.title(facts.get("subject", ""), facts.get("name", ""))}
    return str(CHANGES.get(facts.get("action", ""), CHANGES[""])) % told


def cleared(kind: str, facts: dict[str, Any]) -> str:
    """What is said to machines and people when the cause is gone."""
    return str(_("Over: %s")) % sentence(kind, facts)


def _of_run(kind: str, facts: dict[str, Any]) -> str:
    if "count" not in facts:
        return str(PART_OF_RUN[kind]) % {"run": facts.get("run", "")}
    count = int(facts["count"])
    if kind == Kind.CAME_BACK:
        text = ngettext(
            "%(count)s connection came back after run %(run)s",
            "%(count)s connections came back after run %(run)s",
            count,
        )
    else:
        text = ngettext(
            "%(count)s connection of run %(run)s is still open or undecided",
            "%(count)s connections of run %(run)s are still open or undecided",
            count,
        )
    return text % {"count": number(count), "run": facts.get("run", "")}
