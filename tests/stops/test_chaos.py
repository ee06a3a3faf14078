"""Workers are killed, frozen and ended at random moments while remote.it misbehaves in every way: the books stay true.

CHAOS_KILLS=200 kills more of them; CHAOS_SEED repeats the draws of a run (the moments are the machine's).
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from connections.audit.origin import Origin
from connections.audit.verify import verify
from connections.live.schedule import make_due
from connections.models import Account, AuditEvent, Connection, StopItem, StopRun, Worker
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import KINDS, FaultRule
from connections.sandbox.world.names import OWNER
from connections.sandbox.world.seed import connectable
from connections.stops import control, plan
from tests.stops.test_drain import lines
from tests.stops.test_worker import wait_until
from tests.support import books
from tests.support.workers import environment

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

KILLS = int(os.environ.get("CHAOS_KILLS", "20"))
SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(2**32))
WEB = Origin("web")
WORKERS = 4
BATCH = 120
ENDED_BY_US = {0, -signal.SIGKILL, -signal.SIGTERM}
HONEST = {True: ("stopped", "unknown"), False: ("active", "unknown")}
"""What we may call a connection, by whether a call of ours cut it."""


class Crew:
    """Worker processes, always as many; each that ends is followed by another."""

    def __init__(self, sandbox: Sandbox, log: Path) -> None:
        self._environment = environment(sandbox)
        self.log = log
        self._thaws: list[threading.Timer] = []
        self.processes: list[subprocess.Popen[bytes]] = []
        self.ready: list[subprocess.Popen[bytes]] = []
        self.frozen: set[subprocess.Popen[bytes]] = set()

    def look(self) -> None:
        """Bury who has ended, start whom they leave a place, and see who is ready by now."""
        ended = [one for one in self.processes if one.poll() is not None]
        assert {one.returncode for one in ended} <= ENDED_BY_US, self.log.read_text()
        self.processes = [one for one in self.processes if one not in ended]
        while len(self.processes) < WORKERS:
            self.processes.append(self._start())
        self.ready = [one for one in self.ready if one in self.processes]
        self.ready += [one for one in self.processes if one not in self.ready and _says_something(one)]

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", "worker"],
                cwd=settings.BASE_DIR,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def freeze(self, one: subprocess.Popen[bytes], seconds: float) -> None:
        one.send_signal(signal.SIGSTOP)
        self.frozen.add(one)
        # Not from our own thread: the frozen worker may hold the lock that we wait for.
        self._thaws.append(threading.Timer(seconds, self._thaw, [one]))
        self._thaws[-1].start()

    def _thaw(self, one: subprocess.Popen[bytes]) -> None:
        one.send_signal(signal.SIGCONT)
        self.frozen.discard(one)

    def end(self) -> None:
        """Let all of them end by themselves, so that no call of theirs comes after."""
        for timer in self._thaws:
            timer.join()
        for one in self.processes:
            one.terminate()
        for one in self.processes:
            one.wait(timeout=30)

    def kill(self) -> None:
        for timer in self._thaws:
            timer.cancel()
        for one in self.processes:
            one.kill()
            one.wait()


def _says_something(process: subprocess.Popen[bytes]) -> bool:
    """Whether the one line that a worker writes, when it is ready, is there."""
    return bool(select.select([process.stdout], [], [], 0)[0])


@contextlib.contextmanager
def crew(sandbox: Sandbox, log: Path) -> Iterator[Crew]:
    workers = Crew(sandbox, log)
    try:
        yield workers
    finally:
        workers.kill()


class People:
    """Who asks for stops meanwhile, and pauses, resumes, cancels and repeats runs."""

    def __init__(self, user: User, account: Account, sandbox: Sandbox, draw: random.Random) -> None:
        self._user, self._account, self._world, self._draw = user, account, sandbox.world, draw
        services = sandbox.call(lambda: list(sandbox.server.world.services.values()))
        self._addresses = [one.address for one in services if connectable(one)]
        self._wishes = (self._stop_one, self._stop_one, self._pause, self._resume, self._resume, self._again)

    def keep_workers_busy(self) -> None:
        if StopItem.objects.queued().filter(run__in=StopRun.objects.sendable()).count() < BATCH:
            # Sometimes two people select the same connections at the same moment.
            self._ask(BATCH, runs=self._draw.choice((1, 1, 2)))

    def wish(self) -> None:
        # What they want to steer may just have come to its end.
        with contextlib.suppress(control.NotAllowed, plan.CannotStart):
            self._draw.choice(self._wishes)()

    def cancel(self) -> None:
        with contextlib.suppress(control.NotAllowed):
            control.cancel(self._any(self._unfinished()), self._user, WEB)

    def resume_all(self) -> None:
        for run in StopRun.objects.filter(cancelled_at=None).exclude(paused_at=None):
            with contextlib.suppress(control.NotAllowed):
                control.resume(run, self._user, WEB)

    def _ask(self, count: int, runs: int = 1) -> None:
        opened = [self._world.open(self._draw.choice(self._addresses), OWNER).id for _ in range(count)]
        # A worker may have read them from the list before.
        Connection.objects.bulk_create(map(self._known, opened), ignore_conflicts=True)
        # Lists spell ids in lower case, so a record that a list made has another spelling.
        chosen = Connection.objects.filter(connection_key__in=[id_.lower() for id_ in opened])
        for run in [plan.draft(self._user, chosen, {}) for _ in range(runs)]:
            self._start(run)

    def _known(self, id_: str) -> Connection:
        address = self._world.find(id_).service.address
        known_by = self._draw.choice(("imported", "listed"))
        return Connection(
            account=self._account,
            device_address=address,
            connection_id=id_,
            connection_key=id_.lower(),
            known_by=known_by,
        )

    def _start(self, run: StopRun) -> None:
        plan.start(run.key, self._user, reason="incident 7", origin=WEB)

    def _stop_one(self) -> None:
        self._ask(1)

    def _pause(self) -> None:
        control.pause(self._any(self._unfinished()), self._user, WEB)

    def _resume(self) -> None:
        control.resume(self._any(self._unfinished()), self._user, WEB)

    def _again(self) -> None:
        self._start(control.again(self._any(list(StopRun.objects.started().order_by("pk"))), self._user))

    def _unfinished(self) -> list[StopRun]:
        unfinished = StopItem.objects.unfinished().values("run")
        return list(StopRun.objects.started().filter(pk__in=unfinished).order_by("pk"))

    def _any(self, runs: list[StopRun]) -> StopRun:
        if not runs:
            raise control.NotAllowed("there is none")
        return self._draw.choice(runs)


def every_fault() -> tuple[FaultRule, ...]:
    """All but `ignored`, a "true" that is a lie; `delay` and `drip` are longer than a worker waits."""
    kinds = tuple(kind for kind in KINDS if kind != "ignored")
    return (
        FaultRule("429", probability=0.01, times=1 + KILLS // 10, seed=SEED),
        FaultRule("html500", path="user/login", probability=0.2, times=1 + KILLS // 20, seed=SEED),
        FaultRule(
            "mixture",
            kinds=kinds,
            probability=0.3,
            seed=SEED,
            delay_s=settings.STOP_READ_TIMEOUT + 0.5,
            retry_after=0,
            location="http://127.0.0.1:9/",
        ),
    )


def disturb(workers: Crew, people: People, draw: random.Random) -> None:
    """Kill so many; freeze some for longer than their lease, ask some to end, and let people change their minds."""
    killed, latest = 0, time.monotonic() + 60 + 15 * KILLS
    while killed < KILLS:
        assert time.monotonic() < latest, f"only {killed} of {KILLS} could be killed in time"
        workers.look()
        people.keep_workers_busy()
        time.sleep(draw.uniform(0, 0.2))
        awake = [one for one in workers.ready if one not in workers.frozen]
        if len(awake) < 2:
            continue
        how = draw.choices((signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM), (8, 3, 1))[0]
        victim = draw.choice(awake)
        if how == signal.SIGSTOP:
            workers.freeze(victim, settings.WORKER_LEASE_SECONDS + draw.uniform(0.3, 1))
        else:
            victim.send_signal(how)
            workers.ready.remove(victim)
        killed += how == signal.SIGKILL
        people.wish()
        if killed % 10 == 5 and how == signal.SIGKILL:
            people.cancel()


def test_whatever_happens_to_the_workers_the_books_agree_with_the_world(
    alice: User, account: Account, sandbox: Sandbox, tmp_path: Path
) -> None:
    print(f"CHAOS_SEED={SEED}")
    draw = random.Random(SEED)
    people = People(alice, account, sandbox, draw)
    sandbox.set(latency_ms=30)
    sandbox.faults.add(*every_fault())
    with crew(sandbox, tmp_path / "workers.log") as workers:
        disturb(workers, people, draw)
        people.resume_all()
        wait_until(
            lambda: workers.look() or not StopItem.objects.filter(run__state="started").unfinished().exists(), 180
        )
        check_who_is_alive(workers)
        read_a_true_list(account, sandbox)
        workers.end()
    assert "Traceback" not in workers.log.read_text()
    check_connections(sandbox)
    check_cuts_are_called_by_their_name(sandbox)
    books.check_attempts(books.in_the_database(), sandbox)
    assert any("died" in str(line.get("upstream_reason")) for line in lines("stop.answered")), "nobody died at work"
    assert [fault for fault in verify().faults if "trigger" not in fault] == []


def check_who_is_alive(workers: Crew) -> None:
    """A worker that was frozen for longer than its lease is one of us again."""
    wait_until(lambda: workers.look() or len(workers.ready) == WORKERS)
    time.sleep(settings.WORKER_LEASE_SECONDS)
    expected = {one.pid for one in workers.processes}
    wait_until(lambda: {*Worker.objects.alive().values_list("pid", flat=True)} == expected)


def read_a_true_list(account: Account, sandbox: Sandbox) -> None:
    """What remote.it called gone, and was not, is set right by the next complete list (fault `401_connectionid`)."""
    sandbox.faults.clear()
    asked = AuditEvent.objects.latest("seq").seq
    make_due([account])
    wait_until(lambda: any(line["complete"] and int(str(line["list_seq"])) > asked for line in lines("list.read")))
    wait_until(lambda: Account.objects.filter(pk=account.pk, list_reader="").exists())


def check_connections(sandbox: Sandbox) -> None:
    """Each has the sandbox's own state or is called unknown, and unknown only when an attempt was."""
    cut = {row["connection_id"].lower(): bool(row["stops_applied"]) for row in sandbox.world.rows()}
    ours = dict(Connection.objects.values_list("connection_key", "status"))
    assert [(id_, status, cut[id_]) for id_, status in ours.items() if status not in HONEST[cut[id_]]] == []
    unclear = {str(line["connection_id"]).lower() for line in lines("stop.answered") if line["outcome"] == "unknown"}
    assert {id_ for id_, status in ours.items() if status == "unknown"} <= unclear
    assert Counter(ours.values()).keys() >= {"stopped", "active", "unknown"}, "too little happened to prove anything"


def check_cuts_are_called_by_their_name(sandbox: Sandbox) -> None:
    """No item is called refused, failed or cancelled when it was its own call that cut the connection."""
    items = StopItem.objects.in_bulk()
    sent = defaultdict(list)
    for line in sorted(lines("stop.sent"), key=lambda line: str(line["at"])):
        sent[line["connection_id"]].append(line)
    wrong = []
    for row in sandbox.log.rows("device/connect/stop"):
        if row["applied"]:
            before = [line for line in sent[json.loads(row["body"])["connectionid"]] if line["at"] < row["at"]]
            item = items[before[-1]["item_id"]]
            # After another run's unclear attempt it may have been that one's call, coming late.
            if item.state not in ("stopped", "already_gone", "unknown") and item.connection_was != "unknown":
                wrong.append((item.pk, item.state, row))
    assert wrong == []
