"""The metrics, read from the database when they are asked for: the same numbers whichever process answers.

No label holds the name of a device or a person. What ends with `_total` never falls: items and lines are never deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connections.models import (
    Account,
    ApiToken,
    AuditCheckpoint,
    AuditHead,
    AuditVerification,
    StopItem,
    StopRun,
    Worker,
)
from connections.models.approvals import Approval
from connections.models.notices import Delivery
from connections.models.states import UNFINISHED, ItemState, RunState
from remoteit_admin import __version__

PREFIX = "remoteit_admin"


class Panel(Collector):
    """All of the panel's metrics."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield _gauge("build_info", "The panel's version.", [((__version__,), 1)], ("version",))
        yield from _stops(now)
        yield from _lists(now)
        yield from _workers(now)
        yield from _history(now)
        yield from _waiting(now)


def _stops(now: datetime) -> Iterator[Metric]:
    started = StopItem.objects.filter(run__state=RunState.STARTED).order_by()
    outcomes: Counter[tuple[str, str]] = Counter()
    verdicts: Counter[tuple[str, str]] = Counter()
    rows = started.values_list("account__name", "state", "verdict").annotate(count=Count("pk"))
    for account, state, verdict, count in rows:
        outcomes[account, state] += count
        verdicts[account, verdict or "none"] += count
    ended = [(labels, count) for labels, count in outcomes.items() if labels[1] not in UNFINISHED]
    yield _total("items", "Connections of started runs that have their outcome.", ended, ("account", "outcome"))
    given = [(labels, count) for labels, count in verdicts.items() if labels[1] != "none"]
    yield _gauge("verdicts", "Connections of started runs by verdict.", given, ("account", "verdict"))
    queued = [((account,), count) for (account, state), count in outcomes.items() if state == ItemState.QUEUED]
    yield _gauge("queue_items", "Stops that wait to be sent.", queued, ("account",))
    sent = started.sending().aggregate(first=Min("sent_at"))["first"]
    yield _gauge("sending_oldest_seconds", "For how long a stop has no answer.", [((), _age(sent, now))])
    running = StopRun.objects.started().filter(pk__in=started.unfinished().values("run"))
    facts = running.aggregate(
        running=Count("pk", filter=Q(paused_at=None)), paused=Count("pk", filter=Q(paused_at__isnull=False)),
        first=Min("started_at"),
    )  # fmt: skip
    counts = [((state,), facts[state]) for state in ("running", "paused")]
    yield _gauge("runs", "Runs that have something left to send.", counts, ("state",))
    yield _gauge("run_oldest_seconds", "Since when the oldest of them was started.", [((), _age(facts["first"], now))])


def _lists(now: datetime) -> Iterator[Metric]:
    accounts = list(Account.objects.all())
    label = ("account",)
    ages = [((one.name,), _age(one.completely_listed_at, now)) for one in accounts if one.completely_listed_at]
    yield _gauge("list_age_seconds", "Since when an account's last complete list is.", ages, label)
    whole = [((one.name,), int(one.list_is_complete)) for one in accounts if one.listed_at]
    yield _gauge("list_complete", "Whether its last list was read whole.", whole, label)
    sizes = [((one.name,), one.list_size) for one in accounts if one.completely_listed_at]
    yield _gauge("list_sessions", "Connections in its last complete list.", sizes, label)
    paused = [((one.name,), int(one.is_paused(now))) for one in accounts]
    yield _gauge("account_paused", "Whether nothing is sent for it now.", paused, label)
    off = [((one.name,), one.clock_off_s) for one in accounts if one.clock_off_s is not None]
    yield _gauge("clock_off_seconds", "How far the reader's clock is ahead.", off, label)


def _workers(now: datetime) -> Iterator[Metric]:
    alive = [((str(one),), _age(one.beat_at, now)) for one in Worker.objects.alive()]
    yield _gauge("workers", "Workers that gave a sign lately.", [((), len(alive))])
    yield _gauge("worker_heartbeat_age_seconds", "Since when a worker gave no sign.", alive, ("worker",))


def _history(now: datetime) -> Iterator[Metric]:
    head, checkpoint = AuditHead.objects.first(), AuditCheckpoint.objects.last()
    yield _total("audit_lines", "Lines of the history.", [((), head.seq if head else 0)])
    if checkpoint is not None:
        age = [((), _age(checkpoint.at, now))]
        yield _gauge("audit_checkpoint_age_seconds", "Since when the last signed checkpoint is.", age)
    verified = AuditVerification.objects.first()
    if verified is not None and verified.at is not None:
        yield _gauge("audit_faults", "What the last verification found.", [((), verified.fault_count)])


def _waiting(now: datetime) -> Iterator[Metric]:
    waiting = Approval.objects.waiting(now).aggregate(count=Count("pk"), first=Min("asked_at"))
    yield _gauge("approvals_waiting", "Runs that wait for a second person.", [((), waiting["count"])])
    yield _gauge("approval_oldest_seconds", "Since when the oldest waits.", [((), _age(waiting["first"], now))])
    rows = (
        Delivery.objects.waiting()
        .order_by()
        .values_list("channel")
        .annotate(count=Count("pk"), first=Min("created_at"))
    )
    found = list(rows)
    queued = [((channel,), count) for channel, count, _first in found]
    yield _gauge("delivery_queue", "Notices that wait to be delivered.", queued, ("channel",))
    oldest = [((channel,), _age(first, now)) for channel, _count, first in found]
    yield _gauge("delivery_oldest_seconds", "Since when the oldest waits.", oldest, ("channel",))
    tokens = ApiToken.objects.filter(revoked_at=None, expires_at__gt=now)
    left = [((one.shown_id,), (one.expires_at - now).total_seconds()) for one in tokens]
    yield _gauge("token_ends_seconds", "After how long a token ends.", left, ("token",))


def _age(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())


def _gauge(
    name: str, help_text: str, values: Iterable[tuple[tuple[Any, ...], float]], labels: tuple[str, ...] = ()
) -> Metric:
    return _filled(GaugeMetricFamily(f"{PREFIX}_{name}", help_text, labels=labels), values)


def _total(
    name: str, help_text: str, values: Iterable[tuple[tuple[Any, ...], float]], labels: tuple[str, ...] = ()
) -> Metric:
    return _filled(CounterMetricFamily(f"{PREFIX}_{name}", help_text, labels=labels), values)


def _filled(family: Any, values: Iterable[tuple[tuple[Any, ...], float]]) -> Metric:
    for labels, value in values:
        family.add_metric([str(label) for label in labels], value)
    metric: Metric = family
    return metric
