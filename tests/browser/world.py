"""A panel in the middle of its work: connections in every status, runs in every state, lists about to be confirmed.

Made by the same verbs and the same worker loop as in earnest, against a sandbox; only what would take hours or
luck to happen is put there by hand, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.utils import timezone

from connections.models import Account, Connection, StopRun, Worker
from connections.sandbox import Sandbox
from connections.sandbox.faults import FaultRule
from connections.stops import control, plan
from connections.stops.drain import Drain
from tests.runs import WEB, living_worker

REASON = "Vendor credentials exposed in a shared mailbox. Cutting every open session before the keys are changed."
SELECTOR = {"door": "web", "by": "filter", "filter": {}, "query": ""}


@dataclass
class World:
    """What the screens are about: connections by the name of their status, runs and drafts by theirs."""

    operator: User
    connections: dict[str, Connection]
    runs: dict[str, StopRun]
    drafts: dict[str, StopRun]
    group: Group


def know(sandbox: Sandbox, account: Account) -> list[Connection]:
    """Give the panel the connections that the sandbox has open, as if they had been listed; oldest first."""
    rows = sorted(sandbox.world.rows("open"), key=lambda row: str(row["opened_at"]))
    names = ("device_address", "connection_id", "device_name", "service_name", "opened_by", "opened_at", "expires_at")
    return Connection.objects.bulk_create(
        Connection(
            account=account,
            connection_key=row["connection_id"].lower(),
            known_by="listed",
            **{name: row[name] for name in names},
        )
        for row in rows
    )


def make_world(operator: User, account: Account, sandbox: Sandbox) -> World:
    """A world for `operator` in an empty panel; `sandbox` has 150 open connections or more.

    Set STOP_MAX_ATTEMPTS to 1, so that an unclear stop is not tried again, and WORKER_LEASE_SECONDS to an hour, so that
    the worker counts as alive though nobody gives signs for it.
    """
    known = know(sandbox, account)
    runs = {
        "done": _done(operator, known[5:45], sandbox),
        "single": _run(operator, known[45:46], "Laptop of this person was stolen"),
    }
    Drain().run_until_idle()
    runs["paused"] = _run(operator, known[46:56], "Change window at noon", "CHG-2041")
    control.pause(runs["paused"], operator, WEB)
    runs["running"] = _running(operator, known[56:120], sandbox)
    _by_hand(known)
    Worker.objects.update(ended_at=timezone.now())
    living_worker()
    return World(operator, _by_status(known), runs, _drafts(operator, known), Group.objects.get(name="Operators"))


def _run(user: User, connections: list[Connection], reason: str, ticket: str = "") -> StopRun:
    chosen = Connection.objects.filter(pk__in=[one.pk for one in connections]).order_by("opened_at", "pk")
    return plan.start(plan.draft(user, chosen, SELECTOR).key, user, reason=reason, ticket=ticket, origin=WEB)


def _done(user: User, connections: list[Connection], sandbox: Sandbox) -> StopRun:
    """A run to its end with stopped, already gone, refused and unknown items."""
    stopped_by_others = [one.connection_id for one in connections[:3]]
    sandbox.call(lambda: [sandbox.server.world.stop(sandbox.server.world.find(one)) for one in stopped_by_others])
    kinds = ("false_reason", "403", "reset_after", "empty")
    sandbox.faults.add(
        *(FaultRule(kind, connection_id=one.connection_id) for kind, one in zip(kinds, connections[3:], strict=False))
    )
    run = _run(user, connections, REASON, "SEC-1183")
    Drain().run_until_idle()
    return run


def _running(user: User, connections: list[Connection], sandbox: Sandbox) -> StopRun:
    """A run with some items answered, some under way, the rest queued. Nobody drains it any further."""
    run = _run(user, connections, "Rotating the proxy keys of all plants", "CHG-2044")
    drain = Drain()
    while run.items.finished().count() < len(connections) // 3:
        drain.step(0.02)
    sandbox.set(latency_ms=60_000)
    while not run.items.sending().exists():
        drain.step(0.02)
    return run


def _by_hand(known: list[Connection]) -> None:
    """What comes with time: one connection past its own end, one that ended without us."""
    now = timezone.now()
    Connection.objects.filter(pk=known[0].pk).update(expires_at=now - timedelta(minutes=12))
    Connection.objects.filter(pk=known[1].pk).update(status="ended", status_at=now - timedelta(minutes=40))


def _by_status(known: list[Connection]) -> dict[str, Connection]:
    found = Connection.objects.in_bulk([one.pk for one in known])
    by_status = {one.status: one for one in found.values()}
    return {**by_status, "past-end": found[known[0].pk], "active": found[known[-1].pk]}


def _drafts(user: User, known: list[Connection]) -> dict[str, StopRun]:
    everything = Connection.objects.order_by("opened_at", "pk")
    drafts = {
        "large": plan.draft(user, everything, {**SELECTOR, "shown": everything.count() + 3}),
        "small": plan.draft(user, everything.filter(pk__in=[one.pk for one in known[-8:]]), {"by": "ticked"}),
        "nothing": plan.draft(user, everything.filter(status="stopped"), SELECTOR),
        "expired": plan.draft(user, everything, SELECTOR),
    }
    drafts["expired"].frozen_at = timezone.now() - 2 * plan.DRAFT_LIFETIME
    drafts["expired"].save()
    return drafts
