"""Runs for the pages to show: started through the verb, their items then put where a test needs them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.utils import timezone

from connections.audit.origin import Origin
from connections.models import Connection, StopItem, StopRun, Worker
from connections.stops import plan

WEB = Origin("web", client_ip="192.0.2.7")


def start_run(
    user: User,
    *connections: Connection,
    reason: str = "incident",
    ticket: str = "",
    selector: dict[str, Any] | None = None,
) -> StopRun:
    chosen = Connection.objects.filter(pk__in=[one.pk for one in connections])
    run = plan.draft(user, chosen.order_by("pk"), selector or {})
    return plan.start(run.key, user, reason=reason, ticket=ticket, origin=WEB)


def put(connection: Connection, state: str, *, after_s: float = 1.0, **facts: Any) -> StopItem:
    """Give the connection's item a state, as if it was answered so many seconds after the run's start."""
    item = StopItem.objects.select_related("run").get(connection=connection)
    at = (item.run.started_at or timezone.now()) + timedelta(seconds=after_s)
    defaults = {"attempts": 1, "sent_at": at, "answered_at": at, "took_ms": 310, "upstream_status": 200}
    for name, value in {**defaults, **facts}.items():
        setattr(item, name, value)
    item.state = state
    item.save()
    return item


def started_ago(run: StopRun, seconds: float) -> None:
    StopRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(seconds=seconds))
    run.refresh_from_db()


def living_worker() -> Worker:
    return Worker.objects.create(host="panel", pid=1, beat_at=Now())
