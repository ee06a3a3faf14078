"""(a) How much of a bare pool's rate is left when every stop is claimed, announced, answered and proven."""

from __future__ import annotations

from statistics import mean

from tests.benchmarks import bare_pool, curl, panel
from tests.benchmarks.report import Report
from tests.benchmarks.stage import LATENCY_MS, ROUNDS, sandbox, worker

LEVELS = {32: 0.95, 128: 0.75}
"""Calls in flight, and the share of the bare pool's rate to be reached."""
CURL_PART = 5
"""A process for each call takes the whole machine: a fifth of the calls tells its rate."""


def measure(items: int) -> Report:
    report = Report("a", f"{items:,} stops at {LATENCY_MS} ms, beside the same calls that record nothing")
    user = panel.prepare()
    for concurrency, share in LEVELS.items():
        at_level(report, user, items, concurrency, share)
    return report


def at_level(report: Report, user: panel.User, items: int, concurrency: int, share: float) -> None:
    bare, own = [bare_rate(items, concurrency)], []
    for number in range(ROUNDS):
        own.append(panel_rate(user, items, concurrency, seed=1000 * number + concurrency))
        bare.append(bare_rate(items, concurrency))
    for name, rates in (("bare requests pool", bare), ("the panel", own)):
        report.value(f"{concurrency} in flight, {name}, slowest of {len(rates)}", min(rates), "stops/s")
        report.value(f"{concurrency} in flight, {name}, fastest of {len(rates)}", max(rates), "stops/s")
    some = max(items // CURL_PART, 1)
    report.value(f"{concurrency} in flight, xargs curl, {some:,} of them", curl_rate(some, concurrency), "stops/s")
    report.compare(
        f"{concurrency} in flight, the panel",
        mean(own),
        "stops/s",
        baseline=("bare requests pool, both the mean of runs in turns", mean(bare)),
        at_least=share,
    )


def bare_rate(items: int, concurrency: int) -> float:
    with sandbox(items) as box:
        return items / bare_pool.measure(box, box.connections(), concurrency)["seconds"]


def curl_rate(items: int, concurrency: int) -> float:
    with sandbox(items) as box:
        return items / curl.measure(box, box.connections(), concurrency)


def panel_rate(user: panel.User, items: int, concurrency: int, *, seed: int) -> float:
    with sandbox(items, seed=seed) as box:
        ids = panel.know(box.connections())
        with worker(box, concurrency):
            panel.wait_until_listed()
            return items / panel.seconds_to_stop(user, ids)
