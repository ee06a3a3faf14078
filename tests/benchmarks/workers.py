"""(c) Several workers on PostgreSQL and Redis: as fast as one, and together never above the account's concurrency."""

from __future__ import annotations

import contextlib
from itertools import count
from statistics import mean

from tests.benchmarks import panel
from tests.benchmarks.report import Report
from tests.benchmarks.stage import LATENCY_MS, ROUNDS, sandbox, worker

IN_FLIGHT = 32
SEEDS = count(1)
WORKERS = (1, 2, 4)
LEAST_SHARE = 0.9


def measure(items: int) -> Report:
    report = Report("c", f"{items:,} stops at {LATENCY_MS} ms by several workers, PostgreSQL and Redis")
    user = panel.prepare()
    measured = [{number: with_workers(user, items, number) for number in WORKERS} for _ in range(ROUNDS)]
    rates = {number: mean(one[number][0] for one in measured) for number in WORKERS}
    for number in WORKERS:
        name = f"{number} worker{'s' if number > 1 else ''}"
        report.value(f"{name}, mean of {ROUNDS}", rates[number], "stops/s")
        report.compare(
            f"{name}, most stops in flight as the sandbox saw it",
            max(one[number][1] for one in measured),
            "stops",
            baseline=("the account's concurrency", IN_FLIGHT),
            at_most=IN_FLIGHT,
        )
    for number in WORKERS[1:]:
        report.compare(
            f"{number} workers", rates[number], "stops/s", baseline=("one worker", rates[1]), at_least=LEAST_SHARE
        )
    return report


def with_workers(user: panel.User, items: int, number: int) -> tuple[float, int]:
    """Stop so many items by `number` worker processes; returns the stops a second and the peak in flight."""
    with sandbox(items, seed=next(SEEDS)) as box:
        ids = panel.know(box.connections())
        with contextlib.ExitStack() as running:
            for _ in range(number):
                running.enter_context(worker(box, IN_FLIGHT))
            panel.wait_until_listed()
            seconds = panel.seconds_to_stop(user, ids)
        return items / seconds, box.in_flight_peak()
