"""How many of the lines of connections/ that all tests execute `make test` executes: see `make coverage`.

python -m tests.covered FOLDER    compares FOLDER/test with FOLDER/test and FOLDER/test-rest; ends with 1 below 95 %
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from coverage import CoverageData

ENOUGH = 0.95
Lines = dict[str, set[int]]
"""The numbers of the executed lines, by file."""


def executed(folder: Path) -> Lines:
    """What the processes of one run, each of which left a file in `folder`, have executed."""
    lines: Lines = defaultdict(set)
    for path in folder.iterdir():
        data = CoverageData(str(path))
        data.read()
        for name in data.measured_files():
            lines[name] |= {*(data.lines(name) or ())}
    return lines


def main(folder: Path) -> int:
    test, rest = executed(folder / "test"), executed(folder / "test-rest")
    of_all = {name: test[name] | rest[name] for name in {*test, *rest}}
    for name in sorted(of_all):
        if left := of_all[name] - test[name]:
            print(f"{name}: only in make test-rest: {', '.join(map(str, sorted(left)))}")
    count, whole = (sum(map(len, lines.values())) for lines in (test, of_all))
    print(f"make test executes {count} of the {whole} lines that all tests execute: {count / whole:.1%}")
    return 0 if count >= ENOUGH * whole else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
