"""A panel in the middle of its work: connections in every status, runs in every state, lists about to be confirmed.

Made by the same verbs, lists and worker loop as in earnest, against two sandboxes that are two accounts; only what
would take hours or luck to happen is put there by hand, and says so. Lists that went wrong: `troubles.py` beside this.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import override_settings
from django.utils import timezone

from connections.accounts.credentials import store_credentials
from connections.audit.checkpoints import write_checkpoint
from connections.audit.upkeep import verify_and_keep
from connections.evidence.archive import export
from connections.live.read import read_list
from connections.live.verdicts.verify import GIVE_UP
from connections.models import Account, Connection, StopItem, StopRun, Upload, Worker
from connections.remoteit import Credentials
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.sandbox.world.seed import OLDEST_S, open_some
from connections.stops import control, plan
from connections.stops.worker.loop import Drain
from tests.support.runs import WEB, living_worker
from tests.support.two_worlds import one_address

REASON = "Vendor credentials exposed in a shared mailbox. Cutting every open session before the keys are changed."
SELECTOR = {"door": "web", "by": "filter", "filter": {}, "query": ""}
BACK_AFTER_S = 2


@dataclass
class Stage:
    """Two accounts at remote.it, `default` and `field-ops`; `environment`: the panel's, which leads to both."""

    default: Sandbox
    field_ops: Sandbox
    environment: dict[str, str]


@dataclass
class World:
    """What the screens are about: connections by the name of their status or verdict, runs and drafts by theirs.

    `evidence`: the address of the page for reading in the evidence of the run that is done.
    """

    operator: User
    field_ops: Account
    connections: dict[str, Connection]
    runs: dict[str, StopRun]
    drafts: dict[str, StopRun]
    group: Group
    evidence: str
    uploads: dict[str, Upload] = field(default_factory=dict)


@contextmanager
def stage(seed: int = 1, connections: int = 200) -> Iterator[Stage]:
    """Two sandboxes behind one address, with connections that have been open for up to some hours; an eighth of them
    is the second's."""
    with Sandbox(connections=0, seed=seed) as default, Sandbox(connections=0, seed=seed + 1) as field_ops:
        for sandbox, count in ((default, connections), (field_ops, connections // 8)):
            sandbox.call(open_some, sandbox.server.world, count, OLDEST_S)
        with one_address(default, field_ops) as environment:
            yield Stage(default, field_ops, environment)


def make_world(operator: User, account: Account, stage: Stage) -> World:
    """A world for `operator` in an empty panel that talks to the accounts of `stage`.

    Set STOP_MAX_ATTEMPTS to 1, so that an unclear stop is not tried again, and WORKER_LEASE_SECONDS to an hour, so that
    the worker counts as alive though nobody gives signs for it.
    """
    field_ops = _second_account(stage, operator)
    for one in (account, field_ops):
        read_list(one)
    known = list(Connection.objects.filter(account=account).order_by("opened_at", "pk"))
    others = list(Connection.objects.filter(account=field_ops).order_by("opened_at", "pk")[:6])
    _end_at_remoteit(stage.default, known[1:2])
    runs = {
        "single": _run(operator, known[45:46], "Laptop of this person was stolen"),
        "done": _done(operator, known[5:45], others, stage),
    }
    _judge(account, field_ops, runs["done"], stage)
    write_checkpoint()
    verify_and_keep()
    runs["unclear"] = _unclear(operator, known[120:122], stage.default)
    runs["paused"] = _run(operator, known[46:56], "Change window at noon", "CHG-2041")
    control.pause(runs["paused"], operator, WEB)
    runs["running"] = _running(operator, known[56:120], stage.default)
    _let_its_end_pass(known[0])
    Account.objects.update(list_due_at=timezone.now() + timedelta(seconds=30))
    Worker.objects.update(ended_at=timezone.now())
    living_worker()
    group = Group.objects.get(name="Operators")
    evidence = _evidence_page(runs["done"], operator)
    return World(operator, field_ops, _by_status_and_verdict(known), runs, _drafts(operator, known), group, evidence)


def _second_account(stage: Stage, operator: User) -> Account:
    key = stage.field_ops.access_key
    account = Account.objects.create(name="field-ops")
    credentials = Credentials(
        developer_key=stage.field_ops.developer_key,
        access_key_id=key["R3_ACCESS_KEY_ID"],
        secret_access_key=key["R3_SECRET_ACCESS_KEY"],
    )
    store_credentials(account, credentials, operator, WEB)
    return account


def _end_at_remoteit(sandbox: Sandbox, connections: list[Connection]) -> None:
    """Somebody else stops them there."""
    world = sandbox.server.world
    sandbox.call(lambda: [world.stop(world.find(one.connection_id)) for one in connections])


def _run(user: User, connections: list[Connection], reason: str, ticket: str = "") -> StopRun:
    chosen = Connection.objects.filter(pk__in=[one.pk for one in connections]).order_by("opened_at", "pk")
    return plan.start(plan.draft(user, chosen, SELECTOR).key, user, reason=reason, ticket=ticket, origin=WEB)


def _done(user: User, connections: list[Connection], others: list[Connection], stage: Stage) -> StopRun:
    """A run to its end over both accounts, with stopped, already gone, refused and unknown items."""
    _end_at_remoteit(stage.default, connections[:3])
    kinds = ("false_reason", "403", "reset_after", "empty", "ignored", "ignored")
    stage.default.faults.add(
        *(FaultRule(kind, connection_id=one.connection_id) for kind, one in zip(kinds, connections[3:], strict=False))
    )
    stage.default.set(come_back_s=BACK_AFTER_S, come_back_percent=20)
    run = _run(user, [*connections, *others], REASON, "SEC-1183")
    Drain().run_until_idle()
    stage.default.set(come_back_s=0)
    return run


def _judge(account: Account, field_ops: Account, run: StopRun, stage: Stage) -> None:
    """The verdicts: all of `account`, for which two lists come; of the other account none comes in time."""
    time.sleep(BACK_AFTER_S)  # their clock could go ahead, ours not: what came back would be older than its list
    for _ in range(2):
        read_list(account)
    stage.field_ops.faults.add(FaultRule("errors", path="graphql/v1"))
    _move_answers(run, field_ops, -GIVE_UP)
    read_list(field_ops)
    stage.field_ops.faults.clear()
    read_list(field_ops)
    _move_answers(run, field_ops, GIVE_UP)


def _move_answers(run: StopRun, account: Account, by: timedelta) -> None:
    """By hand: the minutes pass after which an item waits no longer for a list, and come back."""
    for item in StopItem.objects.filter(run=run, account=account, answered_at__isnull=False):
        assert item.answered_at
        StopItem.objects.filter(pk=item.pk).update(answered_at=item.answered_at + by)


def _unclear(user: User, connections: list[Connection], sandbox: Sandbox) -> StopRun:
    """A run whose answers are lost. No list has come since."""
    sandbox.faults.add(*(FaultRule("reset_after", connection_id=one.connection_id) for one in connections))
    run = _run(user, connections, "Tablet lost on the train")
    Drain().run_until_idle()
    return run


def _running(user: User, connections: list[Connection], sandbox: Sandbox) -> StopRun:
    """A run with some items answered, some under way, the rest queued. Nobody drains it any further."""
    run = _run(user, connections, "Rotating the proxy keys of all plants", "CHG-2044")
    with override_settings(STOP_CONCURRENCY=8):
        drain = Drain()
        while run.items.finished().count() < len(connections) // 3:
            drain.step(0.02)
        sandbox.set(latency_ms=60_000)
        while not run.items.sending().exists():
            drain.step(0.02)
    sandbox.set(latency_ms=0)
    return run


def _let_its_end_pass(connection: Connection) -> None:
    """By hand: one connection is past its own end."""
    Connection.objects.filter(pk=connection.pk).update(expires_at=timezone.now() - timedelta(minutes=12))


def _by_status_and_verdict(known: list[Connection]) -> dict[str, Connection]:
    found = Connection.objects.in_bulk([one.pk for one in known])
    judged = StopItem.objects.exclude(verdict="").select_related("connection").order_by("pk")
    return {
        **{one.status: one for one in found.values()},
        **{item.verdict: item.connection for item in judged},
        "past-end": found[known[0].pk],
        "active": found[known[-1].pk],
    }


def _evidence_page(run: StopRun, user: User) -> str:
    """The address of its file, as one opens it from the unpacked evidence."""
    with export(run, user, WEB) as file, ZipFile(file) as archive:
        return Path(archive.extract("evidence.html", settings.AUDIT_FOLDER)).as_uri()


def _drafts(user: User, known: list[Connection]) -> dict[str, StopRun]:
    everything = Connection.objects.order_by("opened_at", "pk")
    drafts = {
        "large": plan.draft(
            user, everything, {**SELECTOR, "filter": {"status": "all"}, "shown": everything.count() + 3}
        ),
        "small": plan.draft(user, everything.filter(pk__in=[one.pk for one in known[-8:]]), {"by": "ticked"}),
        "nothing": plan.draft(user, everything.filter(status="stopped"), SELECTOR),
        "expired": plan.draft(user, everything, SELECTOR),
    }
    drafts["expired"].frozen_at = timezone.now() - 2 * plan.DRAFT_LIFETIME
    drafts["expired"].save()
    return drafts
