"""What the page of one hold shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.holds.forms import DEADLINES
from connections.holds.came_by import Place, last_readings, place_of, way_of_return
from connections.holds.clock import Tick
from connections.holds.ends import quiet_for
from connections.holds.follow import clock_of
from connections.holds.recut import recuts
from connections.holds.returns import Comings, comings, often
from connections.holds.ways import Standing, Ways7, together, ways_of
from connections.holds.wishes import may_steer, next_level
from connections.models import Hold, HoldClock, HoldMember, ServiceWays, Worker
from connections.models.holding.holds import PERMISSIONS, Level
from connections.models.holding.measures import MAY_BE_SET, NOT_RESTORED, MeasureKind, UndoState
from connections.models.holding.members import MemberState, Witness
from connections.models.rights import may
from connections.words.holds.told import clock, ended_words, event_words, exposure, measure_words
from connections.words.holds.ways import ICONS, NAMES, came_by, closed_by, closed_words, standing_over, what_stays

if TYPE_CHECKING:
    from django.contrib.auth.models import User

STRIP_WIDTH = 1000
CSS = {Standing.OPEN: "way-open", Standing.CLOSED: "way-closed", Standing.NOT_KNOWN: "way-notknown"}
SIGNS = {Standing.OPEN: "unlocked", Standing.CLOSED: "lock", Standing.NOT_KNOWN: "unknown"}


@dataclass(frozen=True)
class Stand:
    """How the quiet clock of the whole hold stands: that of the account that is least quiet."""

    row: HoldClock
    quiet: timedelta
    stands_since: datetime | None
    why: str


def hold_page(hold: Hold, user: User, now: datetime) -> dict[str, Any]:
    """The context of the page and of its refresh."""
    members = list(hold.members.select_related("account"))
    found = comings(hold, now)
    reads = last_readings(members)
    ways = ways_over(members, reads)
    total, longest, by_events = exposure(found)
    stand = stand_of(hold, now)
    quiet = quiet_for(hold) or timedelta()
    measures = [_measure(one) for one in hold.measures.select_related("member")]
    steers = may_steer(user, hold)
    further = next_level(hold)
    return {
        "hold": hold,
        "now": now,
        "headline": headline(hold, found, ways),
        "is_trouble": bool(found) or bool(hold.trouble) or (not hold.is_on and hold.still_coming > 0),
        "stays": what_stays(ways) if members and hold.reaches(Level.LINKS) else "",
        "members": members,
        "waiting_members": [one for one in members if one.state == MemberState.WAITING] if hold.is_on else [],
        "comings": [_coming(one, reads.get(place_of(one.member))) for one in found],
        "returned": sum(one.times for one in found),
        "recuts": recuts(hold),
        "ways": [
            {
                "name": NAMES[way.kind],
                "icon": ICONS[way.kind],
                "css": CSS[way.standing],
                "sign": SIGNS[way.standing],
                "words": standing_over(way, len(members)),
                "who": ", ".join(sorted(one for one in way.who if one)[:5]),
                "closed_by": closed_by(way.kind, way.closed_by),
            }
            for way in ways
        ],
        "ways_read": any(one.read_at for one in members),
        "open_in_all": clock(total),
        "open_words": _open_words(clock(longest), by_events=by_events) if found else "",
        "clock_css": "halt" if stand and stand.stands_since else "",
        "quiet": clock(quiet),
        "quiet_needed": clock(hold.quiet),
        "quiet_share": _share(quiet, hold.quiet),
        "left": clock(hold.left(now)),
        "gone_share": _share(now - hold.started_at, hold.deadline_at - hold.started_at),
        "stand": stand,
        "strip": _strip(hold, stand),
        "proof": _proof(stand),
        "measures": measures,
        "unrestored": sum(one["measure"].undo in NOT_RESTORED for one in measures),
        "restored": sum(one["measure"].undo == UndoState.RESTORED for one in measures),
        "to_restore": sum(bool(one["measure"].undo) for one in measures),
        "record": [{"event": one, "words": event_words(one)} for one in hold.vendor_events.select_related("member")],
        "runs": hold.runs.filter(state="started").order_by("-pk")[:10],
        "ended": ended_words(hold) if not hold.is_on else "",
        "steers": steers,
        "offer": often(hold, now) if hold.is_on and steers else None,
        "further": further,
        "may_go_further": further is not None and may(user, PERMISSIONS[further]),
        "extensions": DEADLINES,
        "no_worker": not Worker.objects.alive().exists(),
        "is_final": not hold.is_on and not hold.measures.not_restored().exists(),
    }


def headline(hold: Hold, found: list[Comings], ways: Any) -> str:
    """The worst thing that is true now; nothing is ever said to be prevented."""
    if not hold.is_on:
        return _("Hold %(number)d %(how)s") % {"number": hold.pk, "how": ended_words(hold)}
    times = sum(one.times for one in found)
    if hold.reaches(Level.LINKS):
        words = closed_words(ways)
        if not times:
            return words
        return _("%(ways)s; %(who)s came back") % {"ways": words, "who": found[0].opened_by or _("a visitor")}
    if not times:
        return _("Nothing has come back")
    text = ngettext("%(who)s came back once", "%(who)s came back %(times)d times", found[0].times)
    return text % {"who": found[0].opened_by or _("A visitor"), "times": found[0].times}


def ways_over(members: list[HoldMember], reads: dict[Place, ServiceWays]) -> list[Ways7]:
    """The seven ways over these services, by the last readings of them."""
    return together(_ways(member, reads.get(place_of(member))) for member in members)


def _ways(member: HoldMember, read: ServiceWays | None) -> Any:
    if read is not None and member.read_at is not None and member.read_at > read.read_at:
        # The hold's own readings are younger than that of all ways.
        read.enabled, read.link = member.enabled, member.link
        if not member.open_proxies:
            read.sessions = [one for one in read.sessions or [] if not one[2]]
    return ways_of(read)


def stand_of(hold: Hold, now: datetime) -> Stand | None:
    rows = list(hold.clocks.select_related("account"))
    if not rows:
        return None
    row = min(rows, key=lambda one: (clock_of(one).stands_at(now) is None, one.counted))
    kept = clock_of(row)
    since = kept.stands_at(now)
    why = kept.stands_why or _("no list of it came in time")
    return Stand(row, min(one.counted for one in rows), since if hold.is_on else None, why if since else "")


def _open_words(longest: str, *, by_events: bool) -> str:
    if by_events:
        return _("longest %s, by remote.it's own events") % longest
    return _("at most: lists alone tell it; longest %s") % longest


def _coming(one: Comings, read: ServiceWays | None) -> dict[str, Any]:
    at_most = "" if one.by_events else "≤ "
    return {
        "who": one.opened_by or _("a visitor without an account"),
        "service": one.member,
        "by": came_by(way_of_return(read, one.opened_by)),
        "times": one.times,
        "median": clock(one.median) if one.median is not None else "",
        "open_for": at_most + clock(one.open_for),
        "longest": at_most + clock(one.longest),
    }


def _share(part: timedelta, whole: timedelta) -> int:
    """Of 1000."""
    return max(0, min(1000, round(1000 * part / whole))) if whole else 0


def _strip(hold: Hold, stand: Stand | None) -> dict[str, str] | None:
    """The last readings as paths: a tick for a complete list, a tall mark for a match, another where none was whole."""
    if stand is None or not stand.row.strip:
        return None
    marks = stand.row.strip
    first, last = marks[0][0], marks[-1][0]
    scale = STRIP_WIDTH / max(last - first, 1)

    def path(ticks: tuple[Tick, ...], top: int) -> str:
        return " ".join(f"M{(at - first) * scale:.1f} {top}V39" for at, tick in marks if tick in ticks)

    return {
        "ok": path((Tick.COUNTED, Tick.LATE, Tick.TOO_EARLY), 29),
        "match": path((Tick.MATCH,), 6),
        "gap": path((Tick.NOT_WHOLE,), 20),
    }


def _proof(stand: Stand | None) -> list[str]:
    """What the clock rests on, a sentence each."""
    if stand is None:
        return []
    row = stand.row
    if not row.lists:
        return []
    told = {"lists": row.lists, "widest": f"{row.widest.total_seconds():.0f}"}
    sentences = [
        ngettext(
            "%(lists)d complete list of these services since, none further apart than %(widest)s s",
            "%(lists)d complete lists of these services since, none further apart than %(widest)s s",
            row.lists,
        )
        % told,
        _("each asked for after the last stop or measure was answered"),
    ]
    if row.witness == Witness.EVENTS:
        sentences.append(_("no connection in remote.it's own events since"))
    elif row.witness == Witness.LISTS:
        sentences.append(_("lists alone: remote.it's events can't be read, so a shorter visit than 5 s may be missed"))
    return sentences


def _measure(measure: Any) -> dict[str, Any]:
    asks_back = measure.before is not None and measure.state in MAY_BE_SET
    return {
        "measure": measure,
        "what": MeasureKind(measure.kind).label,
        "words": measure_words(measure),
        "is_waiting": measure.undo in NOT_RESTORED,
        "may_be_left": measure.undo in (UndoState.QUEUED, UndoState.LEFT_ALONE),
        "back_to": _("on") if asks_back and measure.before else "",
    }
