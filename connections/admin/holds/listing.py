"""The rows of the list of holds: what is not yet restored, what is on, what has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.holds.page import stand_of, ways_over
from connections.holds.came_by import last_readings
from connections.holds.ends import quiet_for
from connections.holds.ways import Standing
from connections.holds.wishes import may_steer
from connections.models import Hold, Measure
from connections.models.holding.holds import Level
from connections.models.holding.measures import NOT_RESTORED, MeasureKind, UndoState
from connections.words.holds.told import clock, ended_words
from connections.words.holds.ways import closed_words

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from django.contrib.auth.models import User

    from connections.models.holding.holds import HoldQuerySet

MOST_ENDED = 50
NAMED = 2
SQUARES = {Standing.CLOSED: "sq-closed", Standing.OPEN: "sq-open", Standing.NOT_KNOWN: "sq-notknown"}


def hold_list(holds: HoldQuerySet, user: User, now: datetime) -> dict[str, Any]:
    """The context of the list."""
    on = [_on(hold, now) for hold in holds.on()]
    unrestored = [_unrestored(one, user) for one in _not_restored(holds)]
    return {
        "on": on,
        "ended": [_ended(hold) for hold in holds.ended()[:MOST_ENDED]],
        "unrestored": unrestored,
        "headline": _headline(len(on), len(unrestored)),
    }


def _not_restored(holds: HoldQuerySet) -> Any:
    found = Measure.objects.not_restored().filter(hold__in=holds)
    return found.select_related("member", "hold__user").order_by("pk")


def _unrestored(measure: Measure, user: User) -> dict[str, Any]:
    return {
        "measure": measure,
        "what": MeasureKind(measure.kind).label,
        "is_waiting": True,
        "steers": may_steer(user, measure.hold),
    }


def _headline(on: int, unrestored: int) -> str:
    words = ngettext("%(count)d hold is on", "%(count)d holds are on", on) % {"count": on} if on else _("No hold is on")
    if not unrestored:
        return words
    text = ngettext(
        "%(words)s, %(count)d value is not restored", "%(words)s, %(count)d values are not restored", unrestored
    )
    return text % {"words": words, "count": unrestored}


def _about(hold: Hold) -> str:
    if hold.match:
        return hold.match
    names = [str(member) for member in hold.members.all()[: NAMED + 1]]
    shown = ", ".join(names[:NAMED])
    return _("%s and others") % shown if len(names) > NAMED else shown or str(hold)


def _on(hold: Hold, now: datetime) -> dict[str, Any]:
    members = list(hold.members.select_related("account"))
    ways = ways_over(members, last_readings(members))
    stand = stand_of(hold, now)
    quiet: timedelta | None = quiet_for(hold)
    told = {"quiet": clock(quiet) if quiet is not None else clock(now - now), "needed": clock(hold.quiet)}
    stands = stand is not None and stand.stands_since is not None
    return {
        "hold": hold,
        "about": _about(hold),
        "services": len(members),
        "squares": [SQUARES[way.standing] for way in ways],
        "closed": closed_words(ways) if hold.reaches(Level.LINKS) else _("closes no way"),
        "clock": (_("stopped at %(quiet)s of %(needed)s") if stands else _("%(quiet)s of %(needed)s")) % told,
        "stands": stands,
        "left": clock(hold.left(now)),
        "returned": hold.returns.count(),
        "look": hold.trouble or (stand.why if stand else ""),
    }


def _ended(hold: Hold) -> dict[str, Any]:
    undone = [one for one in hold.measures.all() if one.undo]
    restored = sum(one.undo == UndoState.RESTORED for one in undone)
    waiting = sum(one.undo in NOT_RESTORED for one in undone)
    told = {"restored": restored, "all": len(undone), "waiting": waiting}
    if not undone:
        words = _("nothing to restore")
    elif waiting:
        words = _("%(restored)d of %(all)d restored, %(waiting)d wait") % told
    else:
        words = _("%(restored)d of %(all)d restored") % told
    return {
        "hold": hold,
        "about": _about(hold),
        "services": hold.members.count(),
        "how": ended_words(hold),
        "restored": words,
    }
