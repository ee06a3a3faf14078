"""What a benchmark measured: printed for people and written as JSON for whoever compares two days."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Comparison:
    """A value beside its baseline from the same run. `ratio` is value / baseline, None beside a baseline of nothing."""

    name: str
    value: float
    unit: str
    baseline_name: str
    baseline: float
    ratio: float | None
    target: str
    reached: bool


@dataclass
class Report:
    """Of one benchmark, named by its letter. Lines are printed as they come: some take a minute."""

    letter: str
    title: str
    values: list[dict[str, object]] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)

    def __post_init__(self) -> None:
        print(f"\n({self.letter}) {self.title}", flush=True)

    def value(self, name: str, value: float, unit: str) -> None:
        self.values.append({"name": name, "value": value, "unit": unit})
        print(f"    {name:<70} {value:>10,.2f} {unit}", flush=True)

    def compare(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        baseline: tuple[str, float],
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Compare with `baseline` (its name and value). `at_least` bounds the ratio, `at_most` the value."""
        ratio = value / baseline[1] if baseline[1] else None
        if at_least is not None:
            target, reached = f"at least {at_least:.0%} of it", ratio is not None and ratio >= at_least
        elif at_most is not None:
            target, reached = f"at most {at_most:g} {unit}", value <= at_most
        else:
            raise ValueError("a comparison has a target")
        self.comparisons.append(Comparison(name, value, unit, *baseline, ratio, target, reached))
        share = "" if ratio is None else f", ratio {ratio:.3f}"
        print(f"  = {name}: {value:,.2f} {unit} beside {baseline[1]:,.2f} ({baseline[0]}){share}")
        print(f"    target {target}: {'reached' if reached else 'NOT REACHED'}", flush=True)

    def write(self, folder: Path) -> Path:
        """Write `folder`/LETTER.json and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.letter}.json"
        facts = {**asdict(self), "at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
        path.write_text(json.dumps(facts, indent=2) + "\n")
        return path


def machine() -> dict[str, object]:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform(), "load": load}
