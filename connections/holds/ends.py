"""How a hold ends: quiet, at its deadline, capped, or because a person says so. Putting back is queued with the end."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER, Origin
from connections.holds.measures import undo
from connections.models import Connection, Hold, StopRun
from connections.models.holding.holds import HoldEnd
from connections.models.states import OPEN_STATUSES, RunState

if TYPE_CHECKING:
    from datetime import timedelta

    from django.contrib.auth.models import User


def quiet_for(hold: Hold) -> timedelta | None:
    """For how long it has been quiet at all its services, proved; None while some account has no clock yet."""
    clocks = list(hold.clocks.all())
    accounts = set(hold.members.values_list("account", flat=True))
    if not clocks or accounts - {clock.account_id for clock in clocks}:
        return None
    return min(clock.counted for clock in clocks)


def end_if_due(hold: Hold, now: datetime, *, is_capped: bool = False) -> bool:
    """End the hold when its time has come; returns whether it did. `is_capped`: it has stopped as often as it may."""
    quiet = quiet_for(hold)
    if quiet is not None and quiet >= hold.quiet and not _has_unfinished(hold):
        return end(hold, HoldEnd.QUIET)
    if is_capped:
        return end(hold, HoldEnd.CAPPED)
    return now >= hold.deadline_at and end(hold, HoldEnd.DEADLINE)


def end(hold: Hold, how: HoldEnd, *, user: User | None = None, reason: str = "", origin: Origin = WORKER) -> bool:
    """End the hold and queue what it has to put back; False when it was ended before."""
    with transaction.atomic():
        coming = _open_now(hold)
        change = {"ended_at": timezone.now(), "ended_how": how, "ended_by": user, "still_coming": coming, "trouble": ""}
        if not Hold.objects.on().filter(pk=hold.pk).update(**change):
            return False
        _call_off(hold, how)
        queued = undo.queue(hold)
        entries = [_quiet_line(hold)] if how == HoldEnd.QUIET else []
        facts = {
            "hold_id": hold.pk,
            "how": str(how),
            "still_coming": coming,
            "returned": hold.returns.count(),
            "to_restore": queued,
            "reason": reason,
        }
        append([*entries, Entry("hold.ended", origin, actor=user or hold.user, facts=facts)])
    hold.refresh_from_db()
    return True


def _open_now(hold: Hold) -> int:
    """How many connections that came back, or were there, are open as far as anybody knows."""
    back = hold.returns.filter(closed_at=None).exclude(connection=None).values("connection")
    known = Connection.objects.filter(pk__in=back, status__in=OPEN_STATUSES).count()
    first = Connection.objects.filter(stop_items__run=hold.first_run_id, status__in=OPEN_STATUSES)
    return known + (first.count() if hold.first_run_id else 0)


def _has_unfinished(hold: Hold) -> bool:
    """Whether a stop of the hold is still to be answered."""
    return hold.runs.filter(state=RunState.STARTED, items__state__in=("queued", "sending")).exists()


def _call_off(hold: Hold, how: HoldEnd) -> None:
    """Take back what a withdrawn hold has not sent of its own; what the person asked for at the start goes on."""
    if how != HoldEnd.WITHDRAWN:
        return
    now, running = timezone.now(), StopRun.objects.started().filter(hold=hold, cancelled_at=None)
    again = list(running.exclude(pk=hold.first_run_id or 0).filter(items__state="queued").distinct())
    StopRun.objects.filter(pk__in=[run.pk for run in again]).update(cancelled_at=now)
    entries = [
        Entry("run.cancelled", WORKER, actor=hold.user, run=run, facts={"queued": run.items.queued().count()})
        for run in again
    ]
    if entries:
        append(entries)


def _quiet_line(hold: Hold) -> Entry:
    """What the quiet is proved by: the lists of each account, and whether events tell the same."""
    clocks = [
        {
            "account": clock.account.name,
            "quiet_s": round(clock.counted.total_seconds()),
            "lists": clock.lists,
            "widest_ms": round(clock.widest.total_seconds() * 1000),
            "after_seq": clock.changed_seq,
            "witness": str(clock.witness),
        }
        for clock in hold.clocks.select_related("account")
    ]
    return Entry("hold.quiet", WORKER, actor=hold.user, facts={"hold_id": hold.pk, "clocks": clocks})
