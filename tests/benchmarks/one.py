"""One benchmark, run by `with_django`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path


def main(module: str, items: str, results: str) -> None:
    """Measure with so many `items` and write the report into the folder `results`."""
    report = import_module(f"tests.benchmarks.{module}").measure(int(items))
    print(f"    written to {report.write(Path(results))}")
