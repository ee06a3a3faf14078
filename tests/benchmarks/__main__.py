"""Run benchmarks: python -m tests.benchmarks [a b c d e f g h i j k l m n] [--items N] [--results FOLDER]

Everything is local: sandbox, worker, databases. A target that is missed is said and is no failure; the exit code is 1
when a benchmark broke. Only ratios within one run compare: the machine is whatever it is at that moment.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.stage import ROOT, on_servers, on_sqlite, with_django
from tests.support import servers


@dataclass(frozen=True)
class Benchmark:
    """`module` measures it, `items` are so many when nobody says otherwise, `where` is what its panel runs on."""

    module: str
    items: int
    where: Callable[[], AbstractContextManager[dict[str, str]]] = on_sqlite


BENCHMARKS = {
    "a": Benchmark("rate", 5_000),
    "b": Benchmark("cost", 5_000),
    "c": Benchmark("workers", 5_000, on_servers),
    "d": Benchmark("drafting", 100_000),
    "e": Benchmark("single", 10_000),
    "f": Benchmark("lists", 10_000),
    "g": Benchmark("lists", 100_000, on_servers),
    "h": Benchmark("history", 100_000),
    "i": Benchmark("history", 100_000, on_servers),
    "j": Benchmark("large", 1_000_000),
    "k": Benchmark("large", 1_000_000, on_servers),
    "l": Benchmark("holds", 200),
    "m": Benchmark("scoped", 10_000),
    "n": Benchmark("scoped", 10_000, on_servers),
}


def run(letter: str, items: int | None, results: Path) -> bool:
    """Run one benchmark; returns whether it could be measured or can't be on this machine."""
    benchmark = BENCHMARKS[letter]
    command = with_django("one", benchmark.module, str(items or benchmark.items), str(results))
    try:
        with benchmark.where() as env:
            child = subprocess.Popen(command, cwd=ROOT, env=env)
            try:
                return child.wait() == 0
            finally:
                child.terminate()  # it has a sandbox and workers to end
                child.wait()
    except servers.Missing as reason:
        print(f"\n({letter}) not run: {reason}")
        return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.partition("\n\n")[2])
    parser.add_argument("letters", nargs="*", metavar="a b c d e f g h i j k l m n", help="which ones (default: all)")
    parser.add_argument("--items", type=int, help="stops, connections or lines, instead of each one's own number")
    parser.add_argument("--results", type=Path, default=ROOT / ".venv" / "bench", help="default: .venv/bench")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, servers.leave)
    if unknown := set(options.letters) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    broken = [one for one in options.letters or BENCHMARKS if not run(one, options.items, options.results.resolve())]
    if broken:
        print(f"\nBroken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
