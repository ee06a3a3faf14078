"""Random interleavings of everything that can happen to runs: after each step the books must be true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck, strategies
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from connections.audit.append import append
from connections.audit.origin import Origin
from connections.audit.verify import verify
from connections.models import AuditEvent, Connection, StopItem, StopRun, Worker
from connections.models.accounts import lock_accounts
from connections.models.states import ITEM_ARROWS, ItemState
from connections.remoteit import Answer, Cause, Outcome
from connections.stops import control, plan
from connections.stops.attempt import Answered, Claim
from connections.stops.worker import withdraw
from connections.stops.worker.claim import claim, lock_runs, pairs_with_work
from connections.stops.worker.record import record_all, record_withdrawn
from connections.stops.worker.recover import recover_dead_claims
from connections.stops.worker.senders import SendingThreads
from connections.stops.worker.settle import settle
from connections.stops.worker.shares import take_share
from tests.support.slow import slow_but

pytestmark = [pytest.mark.both, pytest.mark.django_db]
WEB = Origin("web")
LONG_AGO = "2020-01-01T00:00Z"
T = TypeVar("T")
which = strategies.integers(0, 99)
subsets = strategies.sets(strategies.integers(0, 2), min_size=1)


class Stops(RuleBasedStateMachine):
    """Connections, runs over them, and workers that come and go. Undone when it ends."""

    user: User
    open: Callable[..., Connection]

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.connections = [self.open(known_by="listed"), self.open(), self.open(status="unknown")]
        self.account = self.connections[0].account
        self.claims: list[Claim] = []
        self.answered: list[Answered] = []
        self.seen: dict[int, str] = {}
        self.told: list[dict] = []
        self.left_out: set[int] = set()
        self.steps = self.unheard = 0
        self.cancelled = False
        self.workers = [new_worker(), new_worker()]
        self.drafts = [self._draft({0, 1, 2}), self._draft({0, 1})]
        self.start(0)
        self.claim(0)

    def teardown(self) -> None:
        chain = verify()
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)
        assert [fault for fault in chain.faults if "trigger" not in fault] == []

    # -- people

    @precondition(lambda self: len(self.drafts) < 2)
    @rule(chosen=subsets)
    def draft(self, chosen: set[int]) -> None:
        """Somebody selects a connection that has just been opened and some of the last ones."""
        self.connections.append(self.open())
        self.drafts.append(self._draft(chosen))

    @precondition(lambda self: self.drafts)
    @rule(n=which)
    def start(self, n: int) -> None:
        with suppress(plan.CannotStart):
            plan.start(self.drafts.pop(n % len(self.drafts)).key, self.user, reason="incident 7", origin=WEB)

    @precondition(lambda self: len(self.drafts) < 2)
    @rule(n=which)
    def run_again(self, n: int) -> None:
        with suppress(control.NotAllowed):
            self.drafts.append(self._note_left_out(control.again(pick(started(), n), self.user)))

    @precondition(lambda self: self.has("queued", "sending"))
    @rule(n=which)
    def pause_or_resume(self, n: int) -> None:
        run = pick(started(), n)
        with suppress(control.NotAllowed):
            (control.resume if run.paused_at else control.pause)(run, self.user, WEB)

    @precondition(lambda self: self.has("queued", "sending"))
    @rule(n=which)
    def cancel(self, n: int) -> None:
        with suppress(control.NotAllowed):
            control.cancel(pick(started(), n), self.user, WEB)
            self.cancelled = True

    # -- workers

    @precondition(lambda self: self.has("queued"))
    @rule(n=which)
    def claim(self, n: int) -> None:
        self.claims += self._claim(n)

    @precondition(lambda self: self.has("queued") and self.unheard < 2)
    @rule(n=which)
    def claim_unheard(self, n: int) -> None:
        """The database broke off before it said that it had committed the claim."""
        self.unheard += 1
        self._claim(n)

    @precondition(lambda self: self.claims)
    @rule(n=which)
    def stopped(self, n: int) -> None:
        self.answer(n, Outcome.STOPPED, Cause.NONE)

    @precondition(lambda self: self.claims)
    @rule(n=which)
    def gone(self, n: int) -> None:
        self.answer(n, Outcome.ALREADY_GONE, Cause.CONNECTION)

    @precondition(lambda self: self.claims)
    @rule(n=which, cause=strategies.sampled_from(list(Cause)))
    def refused(self, n: int, cause: Cause) -> None:
        self.answer(n, Outcome.REFUSED, cause)

    @precondition(lambda self: self.claims)
    @rule(n=which, cause=strategies.sampled_from([Cause.NONE, Cause.CREDENTIALS, Cause.LIMIT]))
    def never_left(self, n: int, cause: Cause) -> None:
        self.answer(n, Outcome.FAILED, cause)

    @precondition(lambda self: self.claims)
    @rule(n=which, cause=strategies.sampled_from([Cause.NONE, Cause.LIMIT]))
    def unclear(self, n: int, cause: Cause) -> None:
        self.answer(n, Outcome.UNKNOWN, cause)

    @precondition(lambda self: self.claims)
    @rule()
    def all_are_answered(self) -> None:
        """What every worker waits for arrives in one batch, late answers among the others."""
        no = Answer(Outcome.REFUSED, Cause.TOKEN, 401, "Auth token expired", 7)
        yes = Answer(Outcome.STOPPED, Cause.NONE, 200, "", 7)
        batch = [Answered(one, (no, yes)[n % 2]) for n, one in enumerate(self.claims)]
        self.claims.clear()
        self.record(*batch)

    @precondition(lambda self: self.answered)
    @rule(n=which)
    def record_once_more(self, n: int) -> None:
        """The database broke off before it said that the answer was committed."""
        self.record(pick(self.answered, n))

    @precondition(lambda self: self.claims)
    @rule(n=which)
    def withdraw(self, n: int) -> None:
        with transaction.atomic():
            write(record_withdrawn(self.claims.pop(n % len(self.claims)), "a pause"))

    @precondition(lambda self: self.claims)
    @rule(n=which)
    def crash(self, n: int) -> None:
        """A worker dies, and with it what it would have answered."""
        dead = self.workers.pop(n % len(self.workers))
        Worker.objects.filter(pk=dead.pk).update(beat_at=LONG_AGO)
        self.claims = [one for one in self.claims if one.item.worker_id != dead.pk]
        self.workers.append(new_worker())

    @precondition(lambda self: self.claims)
    @rule(n=which)
    def freeze(self, n: int) -> None:
        """A worker gives no sign for longer than its lease, another takes over, and it wakes up again."""
        frozen = Worker.objects.filter(pk=pick(self.claims, n).item.worker_id)
        frozen.update(beat_at=LONG_AGO)
        other = next(n for n, one in enumerate(self.workers) if one not in frozen)
        self.recover(other)
        self.claim(other if n % 2 else 1 - other)
        frozen.update(beat_at=Now(), ended_at=None)

    @precondition(lambda self: self.has("sending"))
    @rule(n=which)
    def recover(self, n: int) -> None:
        me = pick(self.workers, n)
        mine = {one.item.pk for one in self.claims if one.item.worker_id == me.pk}
        with transaction.atomic():
            write(recover_dead_claims(me, mine))
        orphans = StopItem.objects.sending().filter(worker__in=Worker.objects.dead().exclude(pk=me.pk))
        assert not orphans.exists()
        assert {*StopItem.objects.sending().filter(worker=me).values_list("pk", flat=True)} <= mine

    @precondition(lambda self: self.cancelled and self.has("queued"))
    @rule()
    def finish_cancellations(self) -> None:
        withdraw.go_on_cancelling()
        self.cancelled = False

    @precondition(lambda self: self.has("queued"))
    @rule()
    def bar(self) -> None:
        """The person may not stop any more, and a worker sees it; then may again."""
        user = User.objects.filter(pk=self.user.pk)
        user.update(is_active=False)
        withdraw.skip_what_is_not_allowed([run.pk for run in StopRun.objects.sendable()])
        user.update(is_active=True)

    @precondition(lambda self: self.steps > 30)
    @rule()
    def all_comes_to_an_end(self) -> None:
        """With one worker that lives and an API that obeys, nothing is left unfinished."""
        self.steps = 0
        StopRun.objects.update(paused_at=None)
        Worker.objects.update(beat_at=LONG_AGO)
        self.workers = [new_worker(), new_worker()]
        self.recover(0)
        self.check_moves()
        self.finish_cancellations()
        while StopItem.objects.filter(run__state="started").unfinished().exists():
            before = self.seen
            self.check_moves()
            self.claim(0)
            self.check_moves()
            for n in reversed([n for n, one in enumerate(self.claims) if one.item.worker_id == self.workers[0].pk]):
                self.stopped(n)
            self.check_moves()
            assert self.seen != before, "it does not go on"

    def _draft(self, chosen: set[int]) -> StopRun:
        found = Connection.objects.filter(pk__in=[self.connections[-1 - n].pk for n in chosen])
        return self._note_left_out(plan.draft(self.user, found.order_by("pk"), {}))

    def _note_left_out(self, draft: StopRun) -> StopRun:
        """What a draft leaves out was never in the frozen list, and no line tells of it."""
        self.left_out |= {*draft.items.filter(state="skipped").values_list("pk", flat=True)}
        return draft

    def _claim(self, n: int) -> list[Claim]:
        """What one worker may send now, after every backoff."""
        StopItem.objects.queued().update(not_before=None)
        with transaction.atomic():
            account = lock_accounts([self.account.pk])[self.account.pk]
            runs = lock_runs({run for run, _ in pairs_with_work()})
            me = pick(self.workers, n)
            share = take_share(account, me, SendingThreads("none is started"), workers=len(self.workers))
            claims, entries = claim(account, list(runs.values()), me, share.to_claim)
            write(entries)
        return claims

    def answer(self, n: int, outcome: Outcome, cause: Cause) -> None:
        """An answer arrives, to a claim that still holds or late."""
        status = None if outcome == Outcome.FAILED else 200
        one = self.claims.pop(n % len(self.claims))
        self.answered.append(Answered(one, Answer(outcome, cause, status, "in these words", 7)))
        self.record(self.answered[-1])

    def record(self, *answered: Answered) -> None:
        with transaction.atomic():
            write(record_all([settle(one) for one in answered]))

    # -- what holds after each step

    @invariant()
    def check_moves(self) -> None:
        now = dict(StopItem.objects.values_list("pk", "state"))
        moves = {(self.seen[pk], state) for pk, state in now.items() if pk in self.seen and self.seen[pk] != state}
        assert {move for move in moves if move[1] not in ITEM_ARROWS.get(ItemState(move[0]), ())} == set()
        self.seen = now
        self.steps += 1

    @invariant()
    def check_a_connection_is_stopping_while_one_item_holds_it(self) -> None:
        held = StopItem.objects.unfinished().filter(run__state="started").exclude(connection_was="")
        stopping = Connection.objects.filter(status="stopping")
        assert sorted(held.values_list("connection_id", flat=True)) == sorted(stopping.values_list("pk", flat=True))

    @invariant()
    def check_what_may_have_happened_is_never_called_a_no(self) -> None:
        unclear = {line["item_id"] for line in self.audit("stop.answered") if line["outcome"] == "unknown"}
        noes = StopItem.objects.filter(state__in=("refused", "failed", "cancelled"))
        assert not noes.filter(pk__in=unclear).exists()
        assert not noes.exclude(state="cancelled").filter(connection_was="unknown").exists()
        cut = StopItem.objects.filter(state__in=("stopped", "already_gone", "unknown"))
        assert not cut.filter(connection__status="active").exists()

    @invariant()
    def check_the_audit_knows_what_is_being_sent(self) -> None:
        """Each announced attempt is withdrawn, answered once, or that of an item that is being sent."""
        sent, withdrawn = attempts(self.audit("stop.sent")), attempts(self.audit("stop.withdrawn"))
        answered = attempts([line for line in self.audit("stop.answered") if not line.get("late")])
        assert sent == withdrawn + answered + Counter(StopItem.objects.sending().values_list("pk", "attempts"))
        assert {*answered.values()} <= {1}
        made = Counter(item for item, _ in (sent - withdrawn).elements())
        assert made == Counter(dict(StopItem.objects.filter(attempts__gt=0).values_list("pk", "attempts")))
        written = Counter((line["item_id"], line["attempt"], line["at"]) for line in self.audit("stop.answered"))
        assert {*written.values()} <= {1}

    @invariant()
    def check_outcomes_are_those_of_the_audit(self) -> None:
        """A finished item ended as its last line says; without one, its run was cancelled, which tells of all."""
        told = {line["item_id"]: line["item_outcome"] for line in self.audit("stop.answered") if "item_outcome" in line}
        told |= {line["item_id"]: line.get("item_outcome", "skipped") for line in self.audit("stop.skipped")}
        items = StopItem.objects.finished().filter(run__state="started").exclude(pk__in=self.left_out)
        assert dict(items.filter(pk__in=told).values_list("pk", "state")) == told
        silent = items.exclude(pk__in=told)
        assert not silent.filter(run__cancelled_at=None).exists()
        assert not silent.exclude(state__in=("cancelled", "unknown")).exists()

    def has(self, *states: str) -> bool:
        return any(state in states for state in self.seen.values())

    def audit(self, action: str) -> list[dict]:
        """The lines of one kind so far."""
        new = AuditEvent.objects.filter(seq__gt=len(self.told)).order_by("seq").values_list("body", flat=True)
        self.told += map(json.loads, new)
        return [line for line in self.told if line["action"] == action]


def pick(some: list[T], n: int) -> T:
    return some[n % len(some)]


def new_worker() -> Worker:
    return Worker.objects.create(host="here", pid=1, beat_at=Now())


def started() -> list[StopRun]:
    return list(StopRun.objects.started().order_by("pk"))


def write(entries: list) -> None:
    if entries:
        append(entries)


def attempts(of: list[dict]) -> Counter:
    return Counter((line["item_id"], line["attempt"]) for line in of)


@pytest.mark.parametrize(("examples", "steps"), slow_but([(5, 25)], [(5, 25), (40, 40)]))
def test_in_any_order_the_books_stay_true(
    alice: User, make_connection: Callable[..., Connection], settings: Settings, examples: int, steps: int
) -> None:
    settings.WORKER_LEASE_SECONDS = 3600  # who is dead, the test says
    settings.STOP_CONCURRENCY, settings.STOP_MAX_ATTEMPTS = 2, 2
    Stops.user = alice
    Stops.open = staticmethod(make_connection)
    bounds = hypothesis_settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Stops, settings=bounds)
