"""What a hold does with a reading: who came back, who is stopped again, what the clock says."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.db.bulk import update_many
from connections.holds import recut, returns
from connections.holds.begin import login_of, own_of
from connections.holds.clock import Clock, Reading, Tick, advance
from connections.holds.ends import end, end_if_due
from connections.holds.members import join, matching, meant, places_of
from connections.holds.plans import plan_measures, waits
from connections.models import AuditEvent, Connection, Hold, HoldClock, HoldMember, HoldReturn, Measure, StopItem
from connections.models.approvals import ApprovalState
from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.measures import MeasureState
from connections.models.holding.members import Witness
from connections.models.states import RunState
from connections.stops import plan
from connections.stops.terms import DOOR_FIRST_S, approval_of

if TYPE_CHECKING:
    from connections.live.services import ServicesRead
    from connections.models import Account

STRIP = 240
"""How many of the last readings are kept for the picture."""
DOOR_FIRST = timedelta(seconds=DOOR_FIRST_S)
"""How long the first stops wait for the ways to be closed; a door that won't shut doesn't hold them up longer."""
LAST_RUNS = 5
CLOCK = tuple(Clock.__dataclass_fields__)


def follow(hold: Hold, account: Account, read: ServicesRead) -> None:
    """Let `hold` follow what `read` shows of its services at `account`; in one transaction, under the hold's lock."""
    now = timezone.now()
    with transaction.atomic():
        try:
            hold = Hold.objects.on().select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=hold.pk)
        except Hold.DoesNotExist:
            return
        own = own_of(hold.user, include=hold.include_own) | {login_of(account), read.login.lower()} - {""}
        found = meant(hold, account, own)
        members = _members(hold, account, found)
        _note_state(members, read)
        backs = _note_returns(hold, members, found, read, own)
        chosen = recut.choose(hold, found, read, now)
        run_id = None
        trouble = chosen.trouble
        if chosen.connections and not _waits_for_the_door(hold, now):
            try:
                with transaction.atomic():
                    run_id = recut.start(hold, chosen.connections).pk
            except plan.CannotStart as error:
                trouble = str(error)
            HoldReturn.objects.filter(hold=hold, connection__in=chosen.connections, run=None).update(run=run_id)
        if trouble != hold.trouble:
            Hold.objects.filter(pk=hold.pk).update(trouble=trouble)
        if read.seq or read.why_not:
            _turn_clock(hold, account, members, found, backs, read)
        if backs:
            append([returns.line(hold, one, run_id if one.connection_id else None) for one in backs])
    end_if_due(hold, now, is_capped=chosen.is_capped)


def start_first(hold: Hold, now: datetime) -> None:
    """Stop what was open at the start, once the ways are closed, or have not been for too long.

    Where a second person decides, nothing is closed before the yes, and the hold ends with a no.
    """
    if not _is_let(hold, now):
        return
    if hold.first_run_id is None or not hold.runs.filter(pk=hold.first_run_id, state=RunState.DRAFT).exists():
        return
    if _door_is_open(hold) and now < hold.started_at + DOOR_FIRST:
        return
    run = hold.first_run
    if run is None:
        return
    try:
        plan.start(run.key, hold.user, reason=hold.reason, ticket=hold.ticket, origin=WORKER)
    except plan.CannotStart as error:
        Hold.objects.filter(pk=hold.pk).update(trouble=str(error))


def _is_let(hold: Hold, now: datetime) -> bool:
    approval = approval_of(hold)
    if approval is None:
        return True
    if waits(hold):
        if approval.state != ApprovalState.GLASS and not approval.is_waiting:
            end(hold, HoldEnd.WITHDRAWN, reason=str(plan.NeedsApproval(approval)))
        return False
    if hold.reaches(Level.LINKS) and not hold.measures.exists():
        plan_measures(hold)
    return True


def _waits_for_the_door(hold: Hold, now: datetime) -> bool:
    return hold.reaches(Level.LINKS) and _door_is_open(hold) and now < hold.started_at + DOOR_FIRST


def _door_is_open(hold: Hold) -> bool:
    return Measure.objects.filter(hold=hold, state__in=(MeasureState.PLANNED, MeasureState.SENDING)).exists()


def _members(hold: Hold, account: Account, found: list[Connection]) -> dict[str, HoldMember]:
    """The hold's services at `account` by address; those that have joined by what was found are told."""
    known = {one.service_key: one for one in hold.members.filter(account=account).select_related("account")}
    new = [one for one in found if one.device_address.lower() not in known]
    if not new:
        return known
    places = places_of(Connection.objects.filter(pk__in=[one.pk for one in new]).order_by("pk"))
    join(hold, places, was_there=False)
    joined = hold.members.filter(account=account, service_key__in=[one.address.lower() for one in places])
    for member in joined.select_related("account"):
        known[member.service_key] = member
    plan_measures(hold, [member.pk for member in joined])
    append(
        [
            Entry(
                "hold.service_joined",
                WORKER,
                actor=hold.user,
                account=member.account,
                facts={"hold_id": hold.pk, "device_address": member.device_address, "state": str(member.state)},
            )
            for member in joined
        ]
    )
    return known


def _note_state(members: dict[str, HoldMember], read: ServicesRead) -> None:
    """Keep what the reading says of each service, in one statement, and why it says nothing of the others."""
    rows: list[tuple[dict[str, object], dict[str, object]]] = []
    for key, member in members.items():
        service, why = read.services.get(key), read.why_unknown(key)
        if service is None or why:
            HoldMember.objects.filter(pk=member.pk).exclude(why_not_read=why).update(why_not_read=why)
            continue
        sessions = service.sessions or ()
        said: dict[str, object] = {
            "read_at": read.at,
            "why_not_read": "",
            "enabled": service.enabled,
            "online": service.online,
            "link": service.link,
            "device_name": service.device_name[:200] or member.device_name,
            "service_name": service.name[:200] or member.service_name,
            "open_proxies": sum(one.proxy for one in sessions),
            "open_peers": sum(not one.proxy for one in sessions),
        }
        rows.append((said, {"pk": member.pk}))
    if rows:
        update_many(HoldMember, rows)


def _note_returns(
    hold: Hold, members: dict[str, HoldMember], found: list[Connection], read: ServicesRead, own: set[str]
) -> list[HoldReturn]:
    """Who has come back since the last reading, by the list or by remote.it's events; and who is gone."""
    told = any(one.events for key in members if (one := read.services.get(key)))
    if not found and not told:
        returns.close(hold, members, read)
        return []
    known = returns.Known(hold)
    backs = [returns.note(hold, known, members[one.device_address.lower()], one, read) for one in found]
    for key, member in members.items():
        service = read.services.get(key)
        for event in (service.events or ()) if service else ():
            is_news = event.session.lower()[:64] not in known.sessions and event.opened_by.lower() not in own
            if is_news and _is_meant(hold, member, event.opened_by):
                backs.append(returns.note_event(hold, known, member, event, read))
    noted = HoldReturn.objects.bulk_create([one for one in backs if one is not None])
    returns.close(hold, members, read)
    return noted


def _is_meant(hold: Hold, member: HoldMember, opened_by: str) -> bool:
    """Whether a person's connection to this service is one that the hold is about, as far as an event tells it.

    Who was never seen there before is taken for meant: a clock that stands too often is no lie.
    """
    if not hold.match:
        return opened_by in member.openers
    theirs = Connection.objects.filter(account=member.account_id, opened_by=opened_by)
    known = theirs.filter(device_address__in=(member.device_address, member.service_key, member.service_key.upper()))
    return not known.exists() or matching(hold.match, known).exists()


def _turn_clock(
    hold: Hold,
    account: Account,
    members: dict[str, HoldMember],
    found: list[Connection],
    backs: list[HoldReturn],
    read: ServicesRead,
) -> None:
    row, _created = HoldClock.objects.get_or_create(hold=hold, account=account)
    why = next(filter(None, (read.why_unknown(key) for key in members)), "")
    matches = bool(backs) or any(read.shows(one.device_address, one.connection_key) is not False for one in found)
    reading = Reading(read.at, read.seq, why, matches=matches)
    clock, tick = advance(_clock(row), reading, changed_seq=_changed_seq(hold))
    _store(row, clock, tick, hold, members, read)


def _clock(row: HoldClock) -> Clock:
    return Clock(**{name: getattr(row, name) for name in CLOCK})


def clock_of(row: HoldClock) -> Clock:
    """The clock that a row holds."""
    return _clock(row)


def _store(
    row: HoldClock, clock: Clock, tick: Tick, hold: Hold, members: dict[str, HoldMember], read: ServicesRead
) -> None:
    for name, value in asdict(clock).items():
        setattr(row, name, value)
    services = [read.services[key] for key in members if key in read.services]
    if services:
        has_events = all(one.events is not None for one in services)
        row.witness = Witness.EVENTS if has_events else Witness.LISTS
        row.witness_why = read.why_no_events
    mark = [round((read.at - hold.started_at).total_seconds()), str(tick)]
    row.strip = [*row.strip, mark][-STRIP:]
    row.save()


def _changed_seq(hold: Hold) -> int:
    """The place in the audit of the last answer to a stop or a measure of the hold."""
    items = StopItem.objects.filter(run__hold=hold, answered_at__isnull=False).order_by("-answered_at")
    runs = {*items.values_list("run", flat=True)[:LAST_RUNS]}
    stops = AuditEvent.objects.filter(run__in=runs, action="stop.answered").aggregate(last=Max("seq"))["last"] or 0
    return max(stops, hold.started_seq, hold.changed_seq)
