"""A world of which somebody sees half: connections, runs, a hold, and what waits for a second person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.models import Account, Approval, Connection, Hold, HoldMember, HoldReturn, Measure, ScopeRule, StopRun
from connections.models.holding.holds import Level
from connections.models.holding.measures import MeasureKind, UndoState
from connections.models.rights import PERMISSIONS
from connections.stops import plan
from tests.conftest import make_user
from tests.support.runs import put, start_run

HIDDEN = "verborgen"
"""Stands in every name that is out of scope, and in no word of a page."""


@dataclass
class World:
    hidden: Connection
    seen: Connection
    hidden_run: StopRun
    shared_run: StopRun
    hold: Hold
    approval: Approval


@pytest.fixture
def world(alice: User, make_connection: Callable[..., Connection]) -> World:
    elsewhere = Account.objects.create(name="Verborgen account", listed_at=None)
    names = {"device_name": "Verborgen device", "service_name": "verborgen-ssh", "opened_by": "verborgen@example.com"}
    hidden = make_connection(account=elsewhere, **names)
    also = make_connection(account=elsewhere, **names)
    third = make_connection(account=elsewhere, **names)
    seen = make_connection(device_name="Seen device")
    hidden_run = start_run(alice, hidden, reason="because verborgen")
    by_name = {"door": "web", "by": "filter", "match": "device:Verborgen*"}
    shared_run = start_run(alice, also, seen, reason="because", selector=by_name)
    put(hidden, "unknown", upstream_reason="verborgen said no")
    put(also, "refused", upstream_reason="verborgen said no")
    put(seen, "stopped")
    hold = _held(alice, hidden, seen)
    append(_lines(alice, seen.account, shared_run, hold))
    return World(hidden, seen, hidden_run, shared_run, hold, _asked(alice, third, seen))


def _lines(by: User, account: Account, run: StopRun, hold: Hold) -> list[Entry]:
    """Lines that name in their text alone what is out of scope, and lines that count it."""
    name, about = "Verborgen device", {"hold_id": hold.pk}
    return [
        Entry("run.left", WORKER, actor=by, run=run, facts={"count": 2, "what": name, "reason": "because"}),
        Entry("run.finished", WORKER, actor=by, run=run, facts={"outcomes": {"refused": 1, "stopped": 1}, "left": 2}),
        Entry("hold.requested", WORKER, actor=by, facts={**about, "match": "device:Verborgen*"}),
        Entry("hold.measure_sent", WORKER, actor=by, account=account, facts={**about, "device_name": name}),
        Entry("group.changed", WORKER, actor=by, facts={"group": "g", "rules_added": [f"see device={name}"]}),
        Entry("connections.exported", WORKER, actor=by, facts={"filter": {"q": name}, "count": 4}),
        Entry("list.read", WORKER, account=Account.objects.get(name="Verborgen account"), facts={"sessions": 3}),
    ]


def _held(by: User, *connections: Connection) -> Hold:
    """A hold over all of `connections`; each came back and has a value that waits to be put back."""
    until = timezone.now() + timedelta(hours=1)
    facts = {"level": Level.LINKS, "reason": "because", "deadline_at": until}
    hold = Hold.objects.create(user=by, user_name=by.username, **facts)
    for one in connections:
        about = {name: getattr(one, name) for name in ("account", "device_address", "device_name", "service_name")}
        member = HoldMember.objects.create(hold=hold, service_key=one.device_address.lower(), **about)
        back = {"session_key": one.connection_key, "opened_by": one.opened_by, "seen_at": timezone.now()}
        HoldReturn.objects.create(hold=hold, member=member, connection=one, **back)
        Measure.objects.create(hold=hold, member=member, kind=MeasureKind.LINK, undo=UndoState.QUEUED)
    return hold


def _asked(by: User, *connections: Connection) -> Approval:
    chosen = Connection.objects.filter(pk__in=[one.pk for one in connections])
    run = plan.draft(by, chosen.order_by("pk"), {})
    StopRun.objects.filter(pk=run.pk).update(reason="because")
    return Approval.objects.create(run=run, sha256="0" * 64, expires_at=timezone.now() + timedelta(minutes=30))


def sees_half() -> User:
    """May everything, on what is called Seen."""
    group = Group.objects.create(name="Half")
    names = [name for name in PERMISSIONS if name != "manage_roles"]
    group.permissions.set(Permission.objects.filter(content_type__app_label="connections", codename__in=names))
    ScopeRule.objects.create(group=group, device="Seen*")
    user = make_user("dana")
    user.groups.add(group)
    return user
