"""How far a run is: computed from its items each time it is asked, never stored."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from connections.db.writable import why_not_writable
from connections.models import Account, StopRun, Worker
from connections.models.states import CUT, OUTCOMES, WATCHED, ItemState
from connections.stops.progress.tally import Tally

RATE_WINDOW_S = 10.0


@dataclass
class AccountProgress:
    """One account's part of a run.

    `state`: running, waiting (for a worker), paused or done; `rate`: outcomes a second.
    """

    account: Account
    tally: Tally
    state: str
    rate: float

    @property
    def is_paused_by_api(self) -> bool:
        return self.state == "paused" and self.account.paused_until is not None and not self.is_held

    @property
    def is_held(self) -> bool:
        """Whether a person paused the account, so that it goes on when a person wants it to."""
        return self.state == "paused" and self.account.held_at is not None


@dataclass
class TimeToAnswer:
    """Seconds from the click that started the run to the answer "stopped" or "already gone", over `count` items."""

    count: int
    p50: float
    p95: float
    last: float


@dataclass
class Progress:
    """A run at the moment `at`. `state`: running, waiting (for a worker), paused, cancelled or done.

    `last_sign_at`: while it waits, when a worker last gave a sign; None when none ever did. `unwritable`: while it
    waits, what the database says when it is asked to write, "" when it does.
    """

    run: StopRun
    at: datetime
    tally: Tally
    accounts: list[AccountProgress]
    state: str
    time_to_answer: TimeToAnswer | None
    last_sign_at: datetime | None
    unwritable: str

    @property
    def final(self) -> bool:
        """Whether every item has its outcome; verdicts may still come (see `connections.live.verdicts.progress`)."""
        return self.tally.left == 0

    @property
    def rate(self) -> float:
        return sum(part.rate for part in self.accounts)

    @property
    def seconds_left(self) -> int | None:
        """How many seconds the accounts that are not paused still need at this rate; None when that can't be said."""
        left = sum(part.tally.left for part in self.accounts if part.state == "running")
        return math.ceil(left / self.rate) if left and self.rate else None

    @property
    def paused_accounts(self) -> list[Account]:
        return [part.account for part in self.accounts if part.is_paused_by_api]


def read_progress(run: StopRun) -> Progress:
    """Count the items of `run`, a started one. A fixed number of queries, however many items it has."""
    now = timezone.now()
    by_account = _tallies_by_account(run, now)
    whole = Tally()
    for tally in by_account.values():
        whole.add(tally)
    state = state_of(run, whole)
    accounts = [
        AccountProgress(account, tally, _account_state(account, tally, state, now), tally.recent / _window(run, now))
        for account in Account.objects.filter(pk__in=by_account)
        if (tally := by_account[account.pk]).total
    ]
    last_sign_at = Worker.objects.aggregate(last=Max("beat_at"))["last"] if state == "waiting" else None
    unwritable = (why_not_writable() or _why_failing()) if state == "waiting" else ""
    return Progress(run, now, whole, accounts, state, _time_to_answer(run, whole.cut), last_sign_at, unwritable)


def _tallies_by_account(run: StopRun, now: datetime) -> dict[int, Tally]:
    recent = Q(state__in=OUTCOMES, answered_at__gt=now - timedelta(seconds=RATE_WINDOW_S))
    rows = run.items.order_by().values("account", "state", "verdict")
    found: dict[int, Tally] = defaultdict(Tally)
    for row in rows.annotate(
        count=Count("pk"),
        recent=Count("pk", filter=recent),
        again=Count("pk", filter=Q(state=ItemState.QUEUED, attempts__gt=0)),
        last_answer_at=Max("answered_at"),
        last_verdict_at=Max("verdict_at"),
        last_watched_at=Max("answered_at", filter=Q(verdict__in=WATCHED)),
        back_after_s=Min("came_back_after_s"),
    ):
        facts: dict[str, Any] = dict(row)
        account, state, verdict, count = (facts.pop(key) for key in ("account", "state", "verdict", "count"))
        found[account].add(Tally(Counter({(state, verdict): count}), **facts))
    return found


def _window(run: StopRun, now: datetime) -> float:
    since_start = (now - run.started_at).total_seconds() if run.started_at else RATE_WINDOW_S
    return min(max(since_start, 1.0), RATE_WINDOW_S)


def state_of(run: StopRun, tally: Tally) -> str:
    """running, waiting (for a worker), paused, cancelled or done: the state of `run`, whose items `tally` counts."""
    if not tally.left:
        return "cancelled" if run.cancelled_at else "done"
    if run.paused_at and not run.cancelled_at:
        return "paused"
    # One that fails sends nothing, however lively its signs are.
    return "running" if Worker.objects.alive().filter(failure="").exists() else "waiting"


def _why_failing() -> str:
    return Worker.objects.failing().values_list("failure", flat=True).first() or ""


def _account_state(account: Account, tally: Tally, run_state: str, now: datetime) -> str:
    if not tally.left:
        return "done"
    if account.is_paused(now):
        return "paused"
    return run_state


def _time_to_answer(run: StopRun, count: int) -> TimeToAnswer | None:
    clicked_at = run.started_at
    if not count or clicked_at is None:
        return None
    answers = run.items.filter(state__in=CUT).order_by("answered_at").values_list("answered_at", flat=True)

    def at_rank(share: float) -> float:
        answered_at = answers[math.ceil(share * count) - 1]
        # The worker's clock may lag behind that of the page's host.
        return max((answered_at - clicked_at).total_seconds(), 0.0) if answered_at else 0.0

    return TimeToAnswer(count, at_rank(0.5), at_rank(0.95), at_rank(1.0))
