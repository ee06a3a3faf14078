"""(l) Holds: how often they list, how soon they stop again, what they cost the account and whoever else stops."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

from django.db.models import QuerySet

from connections.holds.begin import Wish, begin
from connections.holds.clock import LATEST, LIST_EVERY
from connections.holds.ends import end
from connections.models import AuditEvent, Connection, Hold, HoldClock, Measure
from connections.models.holding.holds import HoldEnd, Level
from tests.benchmarks import bare_pool, panel
from tests.benchmarks.report import Report
from tests.benchmarks.single import MOST_MS, singles
from tests.benchmarks.stage import RunningSandbox, sandbox, worker

SINGLES = 15
IN_FLIGHT = 32
BACK_AFTER_S = 4
COME_BACKS = 25
SOME_BACK = 10
"""So many have to be stopped again before anything is told."""
MANY = 50
SOME_PERCENT = 30
MOST_LISTS = 2
AT_MOST_A_SECOND = 20
SOON_S = 1.0
WAIT_S = 90.0
OF_A_HOLD = ("query Services", "query Members", "query Networks", "query Mutations", "mutation Set")
STOP = "/device/connect/stop"


def measure(items: int) -> Report:
    """`items` is how many services the large hold has."""
    report = Report("l", f"Holds: one over {items:,} services, {MANY} at once, and one at {AT_MOST_A_SECOND} a second")
    user = panel.prepare()
    one_large(report, user, items)
    many(report, user)
    within_the_pace(report, user, items)
    return report


def one_large(report: Report, user: panel.User, items: int) -> None:
    """A hold over all of them, whose people are back after some seconds, while somebody else stops single ones."""
    with sandbox(1) as box:
        call = bare_pool.measure(box, box.connections(), 1)["median_call"]
    with sandbox(items + 2 * SINGLES + 1, seed=2) as box, worker(box, IN_FLIGHT):
        ids = panel.know(box.connections())
        held = Connection.objects.filter(pk__in=[ids.pop() for _ in range(items)])
        # The worker signs in for its first stop; that is no part of the others.
        panel.seconds_to_stop(user, [ids.pop()])
        tell_single(report, "while nothing is held", call, singles(user, ids[:SINGLES]))
        box.change(stubborn=BACK_AFTER_S)
        with on(user, Level.RECUT, held) as hold:
            wait_for(lambda: times("hold.returned").count() >= COME_BACKS)
            took = singles(user, ids[SINGLES:])
            tell_lists(report, box, f"{items:,} services", hold.started_seq)
            tell_again(report, f"{items:,} services", [hold])
        tell_single(report, f"beside a hold over {items:,} services", call, took)


def tell_single(report: Report, where: str, call: float, took: list[float]) -> None:
    in_order = sorted(took)
    for name, share in (("median", 0.5), ("95 of 100", 0.95)):
        above = (in_order[int(share * (len(took) - 1))] - call) * 1000
        name = f"a single stop {where}, {name}, less the API's time"
        report.compare(name, above, "ms", baseline=("a bare call", call * 1000), at_most=MOST_MS)


def many(report: Report, user: panel.User) -> None:
    """As many holds at once, each over one service; to some of them people come back again and again."""
    with sandbox(MANY, seed=3) as box:
        ids = panel.know(box.connections())
        box.change(come_back_s=BACK_AFTER_S, come_back_percent=SOME_PERCENT)
        with contextlib.ExitStack() as running:
            running.enter_context(worker(box, IN_FLIGHT))
            first = times("hold.returned").count()
            holds = [running.enter_context(on(user, Level.RECUT, Connection.objects.filter(pk=one))) for one in ids]
            wait_for(lambda: times("hold.returned").count() >= first + SOME_BACK)
            tell_lists(report, box, f"{MANY} holds", holds[-1].started_seq)
            tell_again(report, f"{MANY} holds", holds)
            standing = HoldClock.objects.filter(hold__in=holds).exclude(stands_since=None).count()
            report.compare(f"{MANY} holds, clocks that stand", standing, "", baseline=("holds", MANY), at_most=0)


def within_the_pace(report: Report, user: panel.User, items: int) -> None:
    """All that a hold which disables the services sends, where the account takes so much a second."""
    with sandbox(items, seed=4) as box:
        held = Connection.objects.filter(pk__in=panel.know(box.connections()))
        slow = replace(box, environment={**box.environment, "STOP_MAX_PER_SECOND": str(AT_MOST_A_SECOND)})
        with worker(slow, IN_FLIGHT), on(user, Level.SERVICES, held) as hold:
            wait_for(lambda: not Measure.objects.filter(hold=hold, state__in=("planned", "sending")).exists())
            sent = [one for one in box.log() if of_a_hold(one) or one["path"].endswith(STOP)]
        most = most_in_a_second([moment(one["at"]) for one in sent])
        name = f"{items:,} services disabled, most calls of one second"
        goal = ("STOP_MAX_PER_SECOND", AT_MOST_A_SECOND)
        report.compare(name, most, "calls", baseline=goal, at_most=AT_MOST_A_SECOND)


@contextlib.contextmanager
def on(user: panel.User, level: Level, connections: QuerySet[Connection]) -> Iterator[Hold]:
    hold = begin(user, Wish(level, "benchmark", selector={"all": True}), connections, panel.ORIGIN)
    try:
        yield hold
    finally:
        end(hold, HoldEnd.WITHDRAWN, user=user, reason="measured")


def tell_lists(report: Report, box: RunningSandbox, what: str, since: int) -> None:
    asked = [moment(one["at"]) for one in box.log() if "query Services" in one["body"]]
    most = most_in_a_second(asked)
    name, allowed = f"{what}, most list calls of one second", MOST_LISTS
    report.compare(name, most, "calls", baseline=("allowed", allowed), at_most=allowed)
    started = [one for one in lines("list.started", since) if one.get("services") and not one.get("ways")]
    begun = [moment(one["at"]) for one in started]
    apart = [later - earlier for earlier, later in pairwise(begun)]
    every, latest = LIST_EVERY.total_seconds(), LATEST.total_seconds()
    report.compare(f"{what}, widest time between two lists", max(apart), "s", baseline=("goal", every), at_most=latest)


def tell_again(report: Report, what: str, holds: list[Hold]) -> None:
    """From the list that shows a come-back, as it was written down, to the line of its stop that leaves."""
    runs = {run for hold in holds for run in hold.runs.exclude(pk=hold.first_run_id).values_list("pk", flat=True)}
    left = {one["connection"]: moment(one["at"]) for one in reversed(lines("stop.sent")) if one["run_id"] in runs}
    shown, read_at = [], sorted(moment(one["at"]) for one in lines("list.read") if one.get("services"))
    for one in lines("hold.returned"):
        if one.get("stopped_by_run") in runs and one.get("connection") in left:
            before = [at for at in read_at if at <= moment(one["at"])]
            shown.append(left[one["connection"]] - before[-1])
    report.value(f"{what}, from the list to the stop that leaves, median", median(shown), "s")
    slowest = sorted(shown)[int(0.95 * (len(shown) - 1))]
    name = f"{what}, from the list to the stop that leaves, 95 of 100"
    report.compare(name, slowest, "s", baseline=("goal", SOON_S), at_most=SOON_S)


def times(action: str) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(action=action)


def lines(action: str, since: int = 0) -> list[dict[str, Any]]:
    rows = times(action).filter(seq__gt=since).order_by("seq")
    return [json.loads(body) for body in rows.values_list("body", flat=True)]


def of_a_hold(entry: dict[str, Any]) -> bool:
    return any(name in entry["body"] for name in OF_A_HOLD)


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def most_in_a_second(moments: list[float]) -> int:
    in_order = sorted(moments)
    return max((sum(first <= one < first + 1 for one in in_order[n:]) for n, first in enumerate(in_order)), default=0)


def wait_for(done: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError("the hold stalled")
        time.sleep(panel.POLL_S)
