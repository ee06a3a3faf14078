"""remote.it's own record of what a hold did: services that went offline or came back, shares given and taken.

Each is kept once, with its line of history, so that it stands in the hold's evidence. It is a witness and no proof:
what remote.it tells late, or after the last reading, is missing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.dateparse import parse_datetime

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.models import HoldClock, VendorEvent
from connections.models.holding.members import Witness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connections.live.services import ServicesRead
    from connections.models import Account, HoldMember
    from connections.remoteit.services import RecordEvent

ASKED_AGAIN = timedelta(minutes=1)
"""How long before the last reading events are asked for: their clock is another one, and they may come late."""


def events_since(account: Account, members: Sequence[HoldMember]) -> datetime | None:
    """From when on the events of these services are asked for; None without a service.

    From a while before the last reading; from the start where some reading could not tell them, so that what a page
    has room for doesn't grow full with what is known.
    """
    clocks = HoldClock.objects.filter(account=account, hold__ended_at=None)
    has_all = not clocks.exclude(witness=Witness.EVENTS).exists()
    begun = [_since(member, has_all=has_all) for member in members]
    return min(begun) - ASKED_AGAIN if begun else None


def note(members: Sequence[HoldMember], read: ServicesRead) -> int:
    """Keep what the reading's events tell of these services and is not kept yet; returns how much that is."""
    told = [member for member in members if (one := read.services.get(member.service_key)) and one.record]
    known = {*VendorEvent.objects.filter(member__in=told).values_list("member", "event_id")}
    news = []
    for member in told:
        for event in read.services[member.service_key].record:
            found = _event(member, event, read)
            if found is not None and (member.pk, found.event_id) not in known:
                known.add((member.pk, found.event_id))
                news.append(found)
    if news:
        with transaction.atomic():
            VendorEvent.objects.bulk_create(news)
            append([_line(one, read) for one in news])
    return len(news)


def _since(member: HoldMember, *, has_all: bool) -> datetime:
    begun = member.hold.started_at
    return begun if member.read_at is None or not has_all else max(begun, member.read_at)


def _event(member: HoldMember, event: RecordEvent, read: ServicesRead) -> VendorEvent | None:
    """What is kept of an event; None for one from before the hold."""
    at = parse_datetime(event.at)
    if at is None or at + timedelta(seconds=read.clock_off_s) < member.hold.started_at:
        return None
    return VendorEvent(
        hold=member.hold,
        member=member,
        event_id=event.id[:100],
        kind=event.kind,
        state=event.state[:40],
        at=at,
        by=event.by[:254],
        people=list(event.people),
        shared=event.shared,
        seen_at=read.at,
    )


def _line(one: VendorEvent, read: ServicesRead) -> Entry:
    facts = {
        "hold_id": one.hold_id,
        "device_address": one.member.device_address,
        "event": str(one.kind),
        "event_id": one.event_id,
        "event_state": one.state,
        "event_at": one.at.isoformat(),
        "event_by": one.by,
        "event_people": one.people or None,
        "shared": one.shared,
        "list_seq": read.seq,
    }
    return Entry("hold.event_seen", WORKER, account=one.member.account, facts=facts)
