"""Holds in words: for a person at a terminal, for a script, and for pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.holds.came_by import Place, last_readings, place_of, way_of_return
from connections.holds.ends import quiet_for
from connections.holds.recut import recuts
from connections.holds.returns import Comings, comings
from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.measures import Measure, MeasureState, UndoState
from connections.words.holds.record import record_words
from connections.words.holds.ways import came_by
from connections.words.pasted import reply_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connections.inventory.lookup import Reply
    from connections.models import Hold, ServiceWays, VendorEvent


def clock(span: timedelta) -> str:
    """A span as a clock shows it: 3:40, 1:02:03."""
    seconds = max(int(span.total_seconds()), 0)
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def ended_words(hold: Hold) -> str:
    """How a hold ended, as a sentence without its full stop."""
    told = {"quiet": clock(hold.quiet), "person": hold.ended_by or "", "count": hold.still_coming}
    if hold.ended_how == HoldEnd.QUIET:
        return _("ended quiet: nothing came back for %(quiet)s") % told
    if hold.ended_how == HoldEnd.WITHDRAWN:
        return _("ended by %(person)s") % told
    if hold.ended_how == HoldEnd.CAPPED:
        return _("ended because it had stopped as often as it may; %(count)d still open") % told
    text = ngettext(
        "ended at its deadline with %(count)d still open",
        "ended at its deadline with %(count)d still open",
        hold.still_coming,
    )
    return text % told


def exposure(found: list[Comings]) -> tuple[timedelta, timedelta, bool]:
    """For how long come-backs were open in all, the longest, and whether remote.it's own events tell it."""

    total = sum((one.open_for for one in found), timedelta())
    longest = max((one.longest for one in found), default=timedelta())
    return total, longest, all(one.by_events for one in found)


def as_json(hold: Hold, now: datetime) -> dict[str, Any]:
    """The hold as data, for scripts. Times in ISO 8601, spans in seconds."""
    found, reads = comings(hold, now), last_readings(hold.members.all())
    quiet = quiet_for(hold)
    total, longest, by_events = exposure(found)
    return {
        "hold_id": hold.pk,
        "dry_run": False,
        "level": hold.level,
        "state": "on" if hold.is_on else "ended",
        "ended_how": hold.ended_how or None,
        "still_coming": hold.still_coming,
        "started_at": hold.started_at.isoformat(),
        "deadline_at": hold.deadline_at.isoformat(),
        "ended_at": hold.ended_at.isoformat() if hold.ended_at else None,
        "quiet_s": round(quiet.total_seconds(), 1) if quiet is not None else None,
        "quiet_needed_s": hold.quiet.total_seconds(),
        "services": [one.device_address for one in hold.members.all()],
        "returned": sum(one.times for one in found),
        "stopped_again": recuts(hold),
        "open_in_all_s": round(total.total_seconds(), 1),
        "open_longest_s": round(longest.total_seconds(), 1),
        "open_is_exact": by_events,
        "comings": [_coming_as_json(one, reads) for one in found],
        "record": [_event_as_json(one) for one in hold.vendor_events.select_related("member")],
        "runs": list(hold.runs.order_by("pk").values_list("pk", flat=True)),
        "measures": [_measure_as_json(one) for one in hold.measures.select_related("member")],
        "trouble": hold.trouble or None,
    }


def as_lines(hold: Hold, now: datetime) -> Iterator[str]:
    """The hold for a person at a terminal."""
    level = Level(hold.level).label
    if hold.is_on:
        told = {"hold": hold.pk, "level": level, "left": clock(hold.left(now))}
        yield _("Hold %(hold)d is on: %(level)s, %(left)s left to the deadline.") % told
    else:
        yield _("Hold %(hold)d %(how)s.") % {"hold": hold.pk, "how": ended_words(hold)}
    reads = last_readings(hold.members.all())
    for one in comings(hold, now):
        way = came_by(way_of_return(reads.get(place_of(one.member)), one.opened_by))
        told = {"who": one.opened_by or _("a visitor"), "service": one.member, "times": one.times, "way": way}
        yield _("  %(who)s came back to %(service)s: %(times)d times, by: %(way)s") % told
    for measure in hold.measures.select_related("member"):
        yield f"  {measure.member}  {measure.get_kind_display()}  {measure_words(measure)}"
    for event in hold.vendor_events.select_related("member"):
        told = {"at": event.at.isoformat(timespec="seconds"), "service": event.member, "what": event_words(event)}
        yield _("  remote.it's own record, %(at)s: %(service)s: %(what)s") % told
    if hold.trouble:
        yield f"  {hold.trouble}"


def event_words(event: VendorEvent) -> str:
    """What remote.it's own record says, in words."""
    return record_words(event.kind, event.state, event.people, shared=event.shared)


def measure_words(measure: Measure) -> str:
    """How far a measure is, in few words."""
    if measure.undo:
        return ": ".join(filter(None, (str(UndoState(measure.undo).label), measure.undo_why)))
    if measure.changed_at is not None:
        return _("switched on again by somebody else")
    if measure.seen_at is not None:
        return _("off, as seen")
    return ": ".join(filter(None, (str(MeasureState(measure.state).label), measure.why)))


def reply_line(reply: Reply) -> str:
    """Why a line of a file is not what is held."""
    told = {"line": reply.line.number, "text": reply.line.text.strip(), "what": reply_words(reply)}
    return _("line %(line)d: %(text)s: %(what)s") % told


def _coming_as_json(one: Comings, reads: dict[Place, ServiceWays]) -> dict[str, Any]:
    way = way_of_return(reads.get(place_of(one.member)), one.opened_by)
    return {
        "device_address": one.member.device_address,
        "opened_by": one.opened_by,
        "times": one.times,
        "back_after_median_s": round(one.median.total_seconds(), 1) if one.median is not None else None,
        "by": str(way) if way else None,
        "open_in_all_s": round(one.open_for.total_seconds(), 1),
        "open_longest_s": round(one.longest.total_seconds(), 1),
        "open_is_exact": one.by_events,
    }


def _event_as_json(event: VendorEvent) -> dict[str, Any]:
    return {
        "device_address": event.member.device_address,
        "event": event.kind,
        "event_id": event.event_id,
        "state": event.state or None,
        "shared": event.shared,
        "at": event.at.isoformat(),
        "by": event.by or None,
        "people": event.people,
    }


def _measure_as_json(measure: Measure) -> dict[str, Any]:
    return {
        "device_address": measure.member.device_address,
        "measure": measure.kind,
        "before": measure.before,
        "state": measure.state,
        "seen": measure.seen_at is not None,
        "why": measure.why or None,
        "restore": measure.undo or None,
        "restore_why": measure.undo_why or None,
    }
