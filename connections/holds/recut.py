"""Stopping again what comes back: ordinary runs of the hold, within its caps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Max
from django.utils.translation import gettext as _

from connections.audit.origin import WORKER
from connections.holds.plans import waits
from connections.models import Connection, Hold, StopItem, StopRun
from connections.models.holding.holds import PERMISSIONS, Level
from connections.models.rights import may
from connections.models.states import STOPPABLE_STATUSES, ConnectionStatus, RunState
from connections.stops import plan

if TYPE_CHECKING:
    from collections.abc import Collection

    from connections.live.services import ServicesRead
    from connections.models.runs import StopItemQuerySet

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
"""Between two stops of one connection that stays all the same: to ask faster would change nothing."""


@dataclass
class Chosen:
    """What may be stopped now. `trouble`: why something else may not, "" when nothing is left out.

    `is_capped`: the hold has stopped as often as it may in all.
    """

    connections: list[Connection] = field(default_factory=list)
    trouble: str = ""
    is_capped: bool = False


def choose(hold: Hold, found: Collection[Connection], read: ServicesRead, now: datetime) -> Chosen:
    """Which of the open connections `found` are stopped now.

    Where `read` says nothing of a service, the records alone tell what is open there.
    """
    candidates = [one for one in found if _is_there(one, read)] if hold.reaches(Level.RECUT) else []
    if not candidates and not (hold.reaches(Level.RECUT) and hold.trouble):
        return Chosen()
    if waits(hold):
        return Chosen(trouble=hold.trouble)
    if not (may(hold.user, PERMISSIONS[Level.RECUT]) and plan.may_stop(hold.user)):
        return Chosen(trouble=_("%s may not stop connections any more: nothing is stopped again.") % hold.user_name)
    taken = StopItem.objects.held().filter(connection__in=candidates).values_list("connection_id", flat=True)
    waiting = StopItem.objects.filter(run=hold.first_run_id, run__state=RunState.DRAFT, connection__in=candidates)
    left = {*taken, *waiting.values_list("connection_id", flat=True)}
    candidates = [one for one in candidates if one.pk not in left]
    candidates = _rested(hold, candidates, now)
    return _within_caps(hold, candidates, now)


def start(hold: Hold, connections: Collection[Connection]) -> StopRun:
    """Start a run of the hold over these, in the caller's transaction. Raises CannotStart."""
    wanted = Connection.objects.filter(pk__in=[one.pk for one in connections]).order_by("pk")
    run = plan.draft(hold.user, wanted, {"door": "hold", "hold": hold.pk})
    StopRun.objects.filter(pk=run.pk).update(hold=hold, parent=hold.first_run_id)
    return plan.start(run.key, hold.user, reason=hold.reason, ticket=hold.ticket, origin=WORKER)


def recuts(hold: Hold) -> int:
    """How many connections the hold has stopped again, or tried to."""
    return _again(hold).count()


def _is_there(one: Connection, read: ServicesRead) -> bool:
    shown = read.shows(one.device_address, one.connection_key)
    if shown is None:
        return one.status == ConnectionStatus.ACTIVE
    return shown and one.status in STOPPABLE_STATUSES


def _rested(hold: Hold, candidates: list[Connection], now: datetime) -> list[Connection]:
    """Those that the hold has not tried of late: longer each time that a stop changed nothing."""
    tried = StopItem.objects.filter(run__hold=hold, connection__in=candidates).order_by().values_list("connection_id")
    rows = {key: (count, last) for key, count, last in tried.annotate(Count("pk"), Max("answered_at"))}
    rested = []
    for one in candidates:
        count, last = rows.get(one.pk, (0, None))
        if last is None or last + min(FIRST_PAUSE * 2 ** min(count - 1, 10), LONGEST_PAUSE) <= now:
            rested.append(one)
    return rested


def _within_caps(hold: Hold, candidates: list[Connection], now: datetime) -> Chosen:
    left_in_all = hold.most_in_all - recuts(hold)
    if left_in_all <= 0 and candidates:
        return Chosen(is_capped=True)
    minute = Counter(
        _again(hold)
        .filter(run__started_at__gt=now - timedelta(minutes=1))
        .values_list("connection__opened_by", flat=True)
    )
    left_in_hour = hold.most_per_hour - _again(hold).filter(run__started_at__gt=now - timedelta(hours=1)).count()
    chosen, too_often = [], set()
    for one in candidates:
        if minute[one.opened_by] >= hold.most_per_minute:
            too_often.add(one.opened_by or _("a visitor without an account"))
            continue
        minute[one.opened_by] += 1
        chosen.append(one)
    trouble = ""
    if too_often:
        told = {"people": ", ".join(sorted(too_often)), "most": hold.most_per_minute}
        trouble = _("%(people)s: stopped %(most)d times within a minute, so the next stops wait.") % told
    if len(chosen) > left_in_hour:
        trouble = _("It has stopped %d connections again within an hour, so the next stops wait.") % hold.most_per_hour
    return Chosen(chosen[: max(min(left_in_all, left_in_hour), 0)], trouble)


def _again(hold: Hold) -> StopItemQuerySet:
    return StopItem.objects.covered().filter(run__hold=hold).exclude(run=hold.first_run_id)
