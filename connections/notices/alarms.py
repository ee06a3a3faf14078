"""Raising an alarm when its cause is there, and clearing it when that is gone: each by a line of the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.live.standing import Trouble, trouble_of
from connections.models import Account, Alarm, Approval, AuditVerification, Endpoint, Proposal, StopRun, Worker
from connections.models.approvals import ApprovalState
from connections.models.telling.bell import Kind
from connections.remoteit.wire.breaks import split
from connections.stops.progress.left import Standing, standings_by_run

if TYPE_CHECKING:
    from datetime import datetime

WATCHED = timedelta(days=7)
"""For how long after its end a run is looked at for what came back; one with an open alarm until that is over."""
LATE = timedelta(minutes=2)
"""For how long a list may fail, or remote.it be away, before somebody is called: much of it passes by itself."""
RESTART = timedelta(seconds=30)
"""For how long there may be no worker before somebody is told: an upgrade takes less."""
STANDINGS = {
    Kind.CAME_BACK: (Standing.BACK,),
    Kind.LEFT: (Standing.OPEN, Standing.DOUBT, Standing.UNVERIFIED),
}


@dataclass(frozen=True)
class Cause:
    """Why there is an alarm. `since`: when it began, as far as is known. `facts`: what its sentence says."""

    kind: Kind
    key: str
    since: datetime
    facts: dict[str, Any] = field(default_factory=dict)
    run: StopRun | None = None
    account: Account | None = None


def watch() -> None:
    """Raise the alarms whose cause is there now, and clear those whose cause is gone."""
    found = {(cause.kind, cause.key): cause for cause in _causes()}
    for alarm in Alarm.objects.open().exclude(kind=Kind.WORKER).select_related("run", "account"):
        if found.pop((Kind(alarm.kind), alarm.key), None) is None:
            clear(alarm)
    for cause in found.values():
        raise_alarm(cause)


def raise_alarm(cause: Cause) -> Alarm | None:
    """Raise one; None when another worker did, so that it is open already."""
    try:
        with transaction.atomic():
            alarm = Alarm.objects.create(
                kind=cause.kind,
                key=cause.key,
                since=cause.since,
                facts=cause.facts,
                run=cause.run,
                account=cause.account,
            )
            append([_line("alarm.raised", alarm)])
    except IntegrityError:
        return None
    return alarm


def clear(alarm: Alarm) -> None:
    """Clear one: its cause is gone."""
    with transaction.atomic():
        if Alarm.objects.open().filter(pk=alarm.pk).update(cleared_at=timezone.now()):
            append([_line("alarm.cleared", alarm)])


def tell_of_gap() -> None:
    """Raise and clear an alarm for a time in which no worker was alive, which nobody could tell of then.

    A worker calls it when it begins.
    """
    begun = Worker.objects.alive().order_by("started_at").first()
    if begun is None:
        return
    last = Worker.objects.filter(started_at__lt=begun.started_at).aggregate(last=Max("beat_at"))["last"]
    if last is None or begun.started_at - last < RESTART:
        return
    key = f"worker {begun.pk}"
    if not Alarm.objects.filter(kind=Kind.WORKER, key=key).exists():
        alarm = raise_alarm(Cause(Kind.WORKER, key, last))
        if alarm is not None:
            clear(alarm)


def _causes() -> Iterator[Cause]:
    yield from _of_accounts()
    yield from _of_history()
    yield from _of_runs()
    yield from _of_approvals()
    yield from _of_changes()
    yield from _of_webhooks()


def _of_accounts() -> Iterator[Cause]:
    now = timezone.now()
    for account in Account.objects.all():
        key = f"account {account.pk}"
        if account.is_unreachable:
            if account.unreached_since and account.unreached_since < now - LATE:
                facts = {"why": split(account.unreached_why)[0]}
                yield Cause(Kind.UNREACHED, key, account.unreached_since, facts, account=account)
        elif trouble := _trouble(account, now):
            since = account.completely_listed_at or account.created_at
            yield Cause(Kind.ACCOUNT, key, since, {"why": account.list_why or str(trouble.label)}, account=account)


def _trouble(account: Account, now: datetime) -> Trouble | None:
    """Why the list of `account` is not read, where that lasts. A worker that has only just begun has read none yet."""
    trouble = trouble_of(account, now)
    if trouble not in (Trouble.NEVER_COMPLETE, Trouble.INCOMPLETE, Trouble.STALE):
        return None
    if (account.completely_listed_at or account.created_at) > now - LATE:
        return None
    if trouble == Trouble.STALE and not Worker.objects.alive().filter(started_at__lt=now - LATE).exists():
        return None
    return trouble


def _of_history() -> Iterator[Cause]:
    found = AuditVerification.objects.first()
    if found is not None and not found.holds:
        why = str(next(iter(found.faults), ""))
        yield Cause(Kind.HISTORY, "history", found.at or timezone.now(), {"why": why})


def _of_runs() -> Iterator[Cause]:
    open_now = Alarm.objects.open().filter(kind__in=STANDINGS).values("run")
    runs = StopRun.objects.filter(Q(finished_at__gte=timezone.now() - WATCHED) | Q(pk__in=open_now))
    left: dict[int, Counter[str]] = {}
    for run_id, standing, count in standings_by_run(runs.exclude(finished_at=None)):
        left.setdefault(run_id, Counter())[standing] += count
    found = StopRun.objects.in_bulk(left)
    for run_id, counts in left.items():
        yield from _of_run(found[run_id], counts)


def _of_run(run: StopRun, counts: Counter[str]) -> Iterator[Cause]:
    for kind, standings in STANDINGS.items():
        count = sum(counts[one] for one in standings)
        if count:
            facts = {"run": run.pk, "count": count}
            yield Cause(kind, f"run {run.pk}", run.finished_at or timezone.now(), facts, run=run)


def _of_approvals() -> Iterator[Cause]:
    for approval in Approval.objects.open(timezone.now()).select_related("run"):
        review = approval.state == ApprovalState.GLASS
        facts = {"run": approval.run_id, "who": approval.run.user_name, "review": review, "approval": approval.pk}
        key = f"approval {approval.pk} {approval.state}"
        yield Cause(Kind.APPROVAL, key, approval.asked_at, facts, run=approval.run)


def _of_changes() -> Iterator[Cause]:
    for one in Proposal.objects.waiting().select_related("asked_by"):
        facts = {"change": one.pk, "who": one.asked_by.get_username(), "subject": one.subject, "name": one.name}
        yield Cause(Kind.APPROVAL, f"change {one.pk}", one.asked_at, facts)


def _of_webhooks() -> Iterator[Cause]:
    for endpoint in Endpoint.objects.filter(gave_up=True, off_at__isnull=False):
        facts = {"webhook": endpoint.name, "webhook_id": endpoint.pk, "why": endpoint.off_why}
        yield Cause(Kind.WEBHOOK, f"webhook {endpoint.pk}", endpoint.off_at or timezone.now(), facts)


def _line(action: str, alarm: Alarm) -> Entry:
    facts = {**alarm.facts, "alarm": alarm.kind, "alarm_id": alarm.pk}
    return Entry(action, WORKER, account=alarm.account, run=alarm.run, facts=facts)
