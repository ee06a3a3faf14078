"""(c) Several workers on PostgreSQL and Redis: as fast as one, and together never above the account's concurrency."""

from __future__ import annotations

import contextlib

from tests.benchmarks import panel
from tests.benchmarks.report import Report
from tests.benchmarks.stage import LATENCY_MS, sandbox, worker

IN_FLIGHT = 32
WORKERS = (1, 2, 4)
LEAST_SHARE = 0.9


def measure(items: int) -> Report:
    report = Report("c", f"{items:,} stops at {LATENCY_MS} ms by several workers, PostgreSQL and Redis")
    user = panel.prepare()
    rates = {}
    for count in WORKERS:
        rates[count], peak = with_workers(user, items, count)
        report.value(f"{count} worker{'s' if count > 1 else ''}", rates[count], "stops/s")
        report.compare(
            f"{count} worker{'s' if count > 1 else ''}, most stops in flight as the sandbox saw it",
            peak,
            "stops",
            baseline=("the account's concurrency", IN_FLIGHT),
            at_most=IN_FLIGHT,
        )
    for count in WORKERS[1:]:
        report.compare(
            f"{count} workers", rates[count], "stops/s", baseline=("one worker", rates[1]), at_least=LEAST_SHARE
        )
    return report


def with_workers(user: panel.User, items: int, count: int) -> tuple[float, int]:
    """Stop so many items by `count` worker processes; returns the stops a second and the peak in flight."""
    with sandbox(items, seed=count) as box:
        ids = panel.know(box.connections())
        with contextlib.ExitStack() as running:
            for _ in range(count):
                running.enter_context(worker(box, IN_FLIGHT))
            panel.wait_until_listed()
            seconds = panel.seconds_to_stop(user, ids)
        return items / seconds, box.in_flight_peak()
