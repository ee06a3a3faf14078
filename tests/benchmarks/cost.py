"""(b) What one stop costs the worker: processor time, and time in the database."""

from __future__ import annotations

import json
import os

from tests.benchmarks import bare_pool, panel
from tests.benchmarks.report import Report
from tests.benchmarks.stage import RunningSandbox, cpu_seconds, process, sandbox, with_django, worker

IN_FLIGHT = 32
MOST_CPU_MS = 2.5


def measure(items: int) -> Report:
    report = Report("b", f"The cost of a stop, over {items:,} with {IN_FLIGHT} in flight")
    user = panel.prepare()
    with sandbox(items) as box:
        bare = bare_pool.measure(box, box.connections(), IN_FLIGHT)["cpu"]
    with sandbox(items, seed=2) as box:
        cpu = worker_cpu(box, user)
    with sandbox(items, seed=3) as box:
        in_database(report, box, user)
    report.compare(
        "processor time of the worker",
        cpu * 1000 / items,
        "ms a stop",
        baseline=("bare requests pool", bare * 1000 / items),
        at_most=MOST_CPU_MS,
    )
    return report


def worker_cpu(box: RunningSandbox, user: panel.User) -> float:
    ids = panel.know(box.connections())
    with worker(box, IN_FLIGHT) as pid:
        panel.wait_until_listed()
        before = cpu_seconds(pid)
        panel.seconds_to_stop(user, ids)
        return cpu_seconds(pid) - before


def in_database(report: Report, box: RunningSandbox, user: panel.User) -> None:
    """A run by a worker with a watch on its database connection, which costs it a little by itself."""
    ids = panel.know(box.connections())
    env = {**os.environ, **box.environment, "STOP_CONCURRENCY": str(IN_FLIGHT)}
    with process(with_django("watched_drain"), env) as (_, heard):
        heard("is ready")
        panel.seconds_to_stop(user, ids)
        watched = json.loads(heard("}")[-1])
    report.value("transactions", watched["commits"] / len(ids), "a stop")
    report.value("statements", watched["statements"] / len(ids), "a stop")
    report.value(
        "time in the database, waiting for the disk included", watched["database_s"] * 1000 / len(ids), "ms a stop"
    )
    report.value("of which commits", watched["commit_s"] * 1000 / len(ids), "ms a stop")
    report.value("processor time of the writing thread", watched["thread_cpu_s"] * 1000 / len(ids), "ms a stop")
