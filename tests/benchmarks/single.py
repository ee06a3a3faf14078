"""(e) One single stop, from the click to its outcome in the database, alone and beside a large run."""

from __future__ import annotations

import time

from tests.benchmarks import bare_pool, panel
from tests.benchmarks.report import Report
from tests.benchmarks.stage import sandbox, worker

SINGLES = 25
LARGE = 10_000
IN_FLIGHT = 32
MOST_MS = 200.0
POLL_S = 0.002
PAUSE_S = 0.137  # no multiple of what the worker waits: each click meets another moment of its loop


def measure(items: int) -> Report:
    """`items` is the size of the large run."""
    report = Report("e", f"A single stop, alone and beside a run of {items:,} ({SINGLES} each)")
    user = panel.prepare()
    with sandbox(SINGLES) as box:
        call = bare_pool.measure(box, box.connections(), 1)["median_call"]
    with sandbox(items + 2 * SINGLES + 1, seed=2) as box:
        ids = panel.know(box.connections())
        with worker(box, IN_FLIGHT):
            # The worker signs in for its first stop; that is no part of the others.
            panel.seconds_to_stop(user, [ids.pop()])
            tell(report, "alone", call, singles(user, [ids.pop() for _ in range(SINGLES)]))
            beside = [ids.pop() for _ in range(SINGLES)]
            tell(report, "beside the large run", call, beside_a_run(user, ids, beside))
    return report


def beside_a_run(user: panel.User, ids: list[int], alone: list[int]) -> list[float]:
    large = panel.start(panel.draft(user, ids), user)
    panel.wait_until_answered(large, 1)
    took = singles(user, alone)
    if not large.items.queued().exists():
        raise RuntimeError("the large run was over before the last single stop")
    return took


def singles(user: panel.User, ids: list[int]) -> list[float]:
    """Stop one after another; returns the seconds from click to outcome of each."""
    took = []
    for pk in ids:
        run = panel.draft(user, [pk])
        begun = time.monotonic()
        panel.start(run, user)
        panel.wait_until_answered(run, poll_s=POLL_S)
        took.append(time.monotonic() - begun)
        time.sleep(PAUSE_S)
    return took


def tell(report: Report, where: str, call: float, took: list[float]) -> None:
    in_order = sorted(took)
    for name, share in (("median", 0.5), ("95 of 100", 0.95)):
        above = (in_order[int(share * (len(took) - 1))] - call) * 1000
        report.compare(
            f"{where}, {name}, click to outcome less the API's time",
            above,
            "ms",
            baseline=("a bare call", call * 1000),
            at_most=MOST_MS,
        )
