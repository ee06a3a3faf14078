"""Come-backs: noted once each, closed when they are over, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from django.utils.dateparse import parse_datetime

from connections.audit.append import Entry
from connections.audit.origin import WORKER
from connections.models import Connection, Hold, HoldMember, HoldReturn, StopItem

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def note(hold: Hold, member: HoldMember, connection: Connection, read: ServicesRead | None) -> HoldReturn | None:
    """Write down that `connection` is a come-back; None when it is none, or is written down already.

    What was opened before the hold began, by remote.it's clock, is none, though no list had shown it.
    """
    if connection.seen_seq is not None and connection.seen_seq <= hold.started_seq:
        return None
    off = timedelta(seconds=read.clock_off_s if read else 0)
    if connection.opened_at is not None and connection.opened_at + off < hold.started_at:
        return None
    if StopItem.objects.filter(run=hold.first_run_id, connection=connection).exists():
        return None
    back, created = HoldReturn.objects.get_or_create(
        hold=hold,
        session_key=connection.connection_key,
        defaults={
            "member": member,
            "connection": connection,
            "opened_by": connection.opened_by,
            "seen_at": read.at if read else connection.known_at,
            "opened_at": connection.opened_at,
            "back_after": _back_after(hold, member, connection.opened_by, connection.opened_at),
        },
    )
    if not created and back.connection_id is None:
        HoldReturn.objects.filter(pk=back.pk).update(connection=connection)
    return back if created else None


def note_event(hold: Hold, member: HoldMember, event: ConnectEvent, read: ServicesRead) -> HoldReturn | None:
    """Write down a connection that remote.it's events tell of and no list showed; None when it is known, or older."""
    opened_at = parse_datetime(event.at)
    off = timedelta(seconds=read.clock_off_s)
    if event.state != "connected" or not event.proxy or opened_at is None or opened_at + off < hold.started_at:
        return None
    key = event.session.lower()
    if Connection.objects.filter(account=member.account_id, connection_key=key).exists():
        # A list has shown it: it is noted as that one, or was there before.
        return None
    back, created = HoldReturn.objects.get_or_create(
        hold=hold,
        session_key=key[:64],
        defaults={
            "member": member,
            "opened_by": event.opened_by,
            "seen_at": read.at,
            "opened_at": opened_at,
            "back_after": _back_after(hold, member, event.opened_by, opened_at),
        },
    )
    return back if created else None


def close(hold: Hold, member: HoldMember, read: ServicesRead) -> None:
    """Write down which come-backs at this service are over: by remote.it's event, else because the list lacks them."""
    service = read.services.get(member.service_key)
    if service is None or service.sessions is None:
        return
    present = {session.id.lower() for session in service.sessions}
    ends = {one.session.lower(): one for one in service.events or () if one.state == "disconnected"}
    for back in HoldReturn.objects.filter(hold=hold, member=member, by_event=False):
        end = ends.get(back.session_key)
        if end is not None and (at := parse_datetime(end.at)):
            HoldReturn.objects.filter(pk=back.pk).update(closed_at=at, by_event=True)
        elif back.closed_at is None and back.session_key not in present:
            HoldReturn.objects.filter(pk=back.pk).update(closed_at=read.at)


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


def persons(backs: Iterable[HoldReturn]) -> set[str]:
    return {back.opened_by for back in backs}


def _back_after(hold: Hold, member: HoldMember, opened_by: str, opened_at: datetime | None) -> timedelta | None:
    """How long after the end of their last connection to this service, by remote.it's clock where it told both."""
    if opened_at is None:
        return None
    earlier = HoldReturn.objects.filter(hold=hold, member=member, opened_by=opened_by, closed_at__lte=opened_at)
    last = earlier.order_by("-closed_at").values_list("closed_at", flat=True).first()
    if last is None:
        stopped = StopItem.objects.filter(
            run=hold.first_run_id,
            connection__opened_by=opened_by,
            connection__device_address__iexact=member.device_address,
            answered_at__lte=opened_at,
        )
        last = stopped.order_by("-answered_at").values_list("answered_at", flat=True).first()
    return None if last is None else opened_at - last
