"""Come-backs: noted once each, closed when they are over, and what they add up to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from django.utils.dateparse import parse_datetime

from connections.audit.append import Entry
from connections.audit.origin import WORKER
from connections.db.bulk import update_many
from connections.models import Connection, Hold, HoldMember, HoldReturn, StopItem

if TYPE_CHECKING:
    from connections.live.services import ServicesRead
    from connections.remoteit.services import ConnectEvent

OFFERED_AFTER = 3
OFFERED_WITHIN = timedelta(minutes=10)


@dataclass
class Comings:
    """How one person came back to one service. Times open are "at most" unless `by_events`."""

    opened_by: str
    member: HoldMember
    times: int = 0
    afters: list[timedelta] = field(default_factory=list)
    open_for: timedelta = timedelta()
    longest: timedelta = timedelta()
    last_at: datetime | None = None
    by_events: bool = True

    @property
    def median(self) -> timedelta | None:
        """How long until they were back, as a rule; None while nobody knows of once."""
        return timedelta(seconds=median(one.total_seconds() for one in self.afters)) if self.afters else None


class Known:
    """What is noted of a hold's come-backs already, read once for a whole reading: a hold may have hundreds."""

    def __init__(self, hold: Hold) -> None:
        rows = hold.returns.values_list("session_key", "connection_id")
        self.sessions: dict[str, int | None] = dict(rows)
        self.at_start: set[int] = set()
        self._ends: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        ended = hold.returns.values_list("member__service_key", "opened_by", "closed_at")
        for key, opened_by, closed_at in ended:
            if closed_at is not None:
                self._ends[key, opened_by].append(closed_at)
        stopped = StopItem.objects.filter(run=hold.first_run_id)
        for pk, address, opened_by, answered_at in stopped.values_list(
            "connection_id", "connection__device_address", "connection__opened_by", "answered_at"
        ):
            self.at_start.add(pk)
            if answered_at is not None:
                self._ends[address.lower(), opened_by].append(answered_at)

    def back_after(self, member: HoldMember, opened_by: str, opened_at: datetime | None) -> timedelta | None:
        """How long after the end of their last connection to this service; None where nobody told when that was."""
        ends = [end for end in self._ends.get((member.service_key, opened_by), ()) if opened_at and end <= opened_at]
        return opened_at - max(ends) if opened_at and ends else None


def note(hold: Hold, known: Known, member: HoldMember, connection: Connection, read: ServicesRead) -> HoldReturn | None:
    """The come-back that `connection` is, to be written down; None when it is none, or is written down already.

    What was opened before the hold began, by remote.it's clock, is none, though no list had shown it.
    """
    key = connection.connection_key
    if key in known.sessions:
        if known.sessions[key] is None:
            hold.returns.filter(session_key=key).update(connection=connection)
            known.sessions[key] = connection.pk
        return None
    is_older = connection.seen_seq is not None and connection.seen_seq <= hold.started_seq
    if is_older or connection.pk in known.at_start or _was_before(hold, connection.opened_at, read):
        return None
    known.sessions[key] = connection.pk
    return HoldReturn(
        hold=hold,
        session_key=key,
        member=member,
        connection=connection,
        opened_by=connection.opened_by,
        seen_at=read.at,
        opened_at=connection.opened_at,
        back_after=known.back_after(member, connection.opened_by, connection.opened_at),
    )


def note_event(
    hold: Hold, known: Known, member: HoldMember, event: ConnectEvent, read: ServicesRead
) -> HoldReturn | None:
    """The come-back that remote.it's events tell of and no list showed; None when it is known, or older."""
    opened_at, key = parse_datetime(event.at), event.session.lower()[:64]
    if event.state != "connected" or not event.proxy or opened_at is None or key in known.sessions:
        return None
    if _was_before(hold, opened_at, read):
        return None
    if Connection.objects.filter(account=member.account_id, connection_key=key).exists():
        # A list has shown it: it is noted as that one, or was there before.
        return None
    known.sessions[key] = None
    return HoldReturn(
        hold=hold,
        session_key=key,
        member=member,
        opened_by=event.opened_by,
        seen_at=read.at,
        opened_at=opened_at,
        back_after=known.back_after(member, event.opened_by, opened_at),
    )


def _was_before(hold: Hold, opened_at: datetime | None, read: ServicesRead) -> bool:
    """Whether it was open when the hold began, by remote.it's clock."""
    return opened_at is not None and opened_at + timedelta(seconds=read.clock_off_s) < hold.started_at


def close(hold: Hold, members: dict[str, HoldMember], read: ServicesRead) -> None:
    """Write down which come-backs are over: by remote.it's event, else because a list of their service lacks them."""
    keys = {member.pk: key for key, member in members.items()}
    rows: list[tuple[dict[str, object], dict[str, object]]] = []
    for back in hold.returns.filter(by_event=False, member__in=keys):
        service = read.services.get(keys[back.member_id])
        if service is None or service.sessions is None:
            continue
        end = next((one for one in service.events or () if _is_end_of(one, back)), None)
        if end is not None and (at := parse_datetime(end.at)):
            rows.append(({"closed_at": at, "by_event": True}, {"pk": back.pk}))
        elif back.closed_at is None and not read.shows(keys[back.member_id], back.session_key):
            rows.append(({"closed_at": read.at, "by_event": False}, {"pk": back.pk}))
    if rows:
        update_many(HoldReturn, rows)


def _is_end_of(event: ConnectEvent, back: HoldReturn) -> bool:
    return event.state == "disconnected" and event.session.lower() == back.session_key


def line(hold: Hold, back: HoldReturn, run_id: int | None) -> Entry:
    """The line of history of a come-back."""
    after = None if back.back_after is None else round(back.back_after.total_seconds())
    return Entry(
        "hold.returned",
        WORKER,
        account=back.member.account,
        connection=back.connection,
        facts={
            "hold_id": hold.pk,
            "device_address": back.member.device_address,
            "session": back.session_key,
            "opened_by": back.opened_by,
            "back_after_s": after,
            "seen_by": "list" if back.connection_id else "event",
            "stopped_by_run": run_id,
        },
    )


def comings(hold: Hold, now: datetime) -> list[Comings]:
    """Who came back where, how often and for how long, the most often first."""
    found: dict[tuple[int, str], Comings] = {}
    for back in hold.returns.select_related("member"):
        one = found.setdefault((back.member_id, back.opened_by), Comings(back.opened_by, back.member))
        one.times += 1
        one.last_at = back.seen_at
        one.by_events = one.by_events and back.by_event
        if back.back_after is not None:
            one.afters.append(back.back_after)
        span = max((back.closed_at or now) - (back.opened_at or back.seen_at), timedelta())
        one.open_for += span
        one.longest = max(one.longest, span)
    return sorted(found.values(), key=lambda one: -one.times)


def often(hold: Hold, now: datetime) -> Comings | None:
    """Who came back so often of late that the next level is offered; None when nobody, or a person declined it since.

    It is offered, never taken.
    """
    since = now - OFFERED_WITHIN
    if hold.offer_declined_at is not None:
        since = max(since, hold.offer_declined_at)
    recent: dict[tuple[int, str], int] = {}
    for member_id, opened_by in hold.returns.filter(seen_at__gt=since).values_list("member_id", "opened_by"):
        recent[member_id, opened_by] = recent.get((member_id, opened_by), 0) + 1
    if max(recent.values(), default=0) < OFFERED_AFTER:
        return None
    worst = max(recent, key=lambda key: recent[key])
    return next(one for one in comings(hold, now) if (one.member.pk, one.opened_by) == worst)
