"""Faults put into a copy of the code one after the other: each has to turn tests of `make test` red.

python -m tests.mutations [WORD ...]    those whose name holds a WORD, or all; ends with 1 when one was not noticed

They are few and chosen by hand: what an item becomes, the chain of the history, who may send what, who may ask for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.support.commands import ROOT
from tests.support.memory import in_memory

NOT_COPIED = (".git", ".venv", ".env", ".*_cache", ".hypothesis", "*.sqlite3*", "staticfiles", "screenshots")
RED = 1
"""What pytest ends with when tests fail; every other code would be a mistake of this table."""


@dataclass(frozen=True)
class Mutation:
    """In the file `of`, the place that reads `right` becomes `wrong`; the files `by` under tests/ have to notice."""

    name: str
    of: str
    right: str
    wrong: str
    by: tuple[str, ...]


MUTATIONS = (
    Mutation(
        "states: a no after an unclear attempt is a no",
        "connections/models/states.py",
        "return ItemState.UNKNOWN if unclear else ItemState(outcome)",
        "return ItemState(outcome)",
        ("models/test_states.py",),
    ),
    Mutation(
        "states: an id that nobody has seen counts as gone",
        "connections/models/states.py",
        "return ItemState.ALREADY_GONE if real or unclear else ItemState.REFUSED",
        "return ItemState.ALREADY_GONE",
        ("models/test_states.py",),
    ),
    Mutation(
        "states: after an unknown stop the connection is what it was",
        "connections/models/states.py",
        "return ConnectionStatus.UNKNOWN",
        "return before",
        ("models/test_states.py",),
    ),
    Mutation(
        "audit: a line is hashed without the one before it",
        "connections/audit/append.py",
        "return hashlib.sha256((prev_hash + digest).encode()).hexdigest()",
        "return hashlib.sha256(digest.encode()).hexdigest()",
        ("audit/test_audit_append.py",),
    ),
    Mutation(
        "audit: a line written outside a transaction is taken",
        "connections/audit/append.py",
        "if not database.in_atomic_block:",
        "if False:",
        ("audit/test_audit_append.py",),
    ),
    Mutation(
        "audit: verification does not look at the line before",
        "connections/audit/verify_line.py",
        "if row.prev_hash != prev_hash:",
        "if False:",
        ("audit/test_verify_audit.py",),
    ),
    Mutation(
        "claim: what is sent is not announced",
        "connections/stops/worker/claim.py",
        'return claims, skipped + [one.entry("stop.sent", at=one.item.sent_at, call=one.call) for one in claims]',
        "return claims, skipped",
        ("stops/test_drain.py",),
    ),
    Mutation(
        "claim: a connection is taken twice in one batch",
        "connections/stops/worker/claim.py",
        "ConnectionStatus.STOPPING if item.connection_id in taken else item.connection.status",
        "item.connection.status",
        ("stops/test_drain.py",),
    ),
    Mutation(
        "claim: what a dead worker announced is left as it is",
        "connections/stops/worker/recover.py",
        "if dead & {*claims.values()}:",
        "if False:",
        ("stops/test_overtaken.py", "stops/test_state_machine.py"),
    ),
    Mutation(
        "rights: who may see no connections may stop them",
        "connections/stops/plan.py",
        'TAKES = ("view_connection", "stop_connection")',
        'TAKES = ("stop_connection",)',
        ("stops/test_plan.py", "stops/test_withdraw.py"),
    ),
    Mutation(
        "rights: everybody who may stop may steer others' runs",
        "connections/stops/control.py",
        'others = () if run.steward_id == user.pk else ("manage_runs",)',
        "others = ()",
        ("stops/test_control.py", "people/test_permissions.py"),
    ),
    Mutation(
        "rights: everybody reads everybody's history",
        "connections/models/audit.py",
        'if may(person, "view_all_history"):',
        "if True:",
        ("admin/history/test_history_filters.py",),
    ),
)


def noticed(mutation: Mutation, code: Path) -> bool:
    """Whether the tests turn red. `code`: a copy, mutated meanwhile. Raises ValueError when the place is not there."""
    path = code / mutation.of
    right = path.read_text()
    if right.count(mutation.right) != 1:
        raise ValueError(f"{mutation.of} holds {right.count(mutation.right)} times: {mutation.right}")
    path.write_text(right.replace(mutation.right, mutation.wrong))
    try:
        return run(code, mutation.by) == RED
    finally:
        path.write_text(right)


def run(code: Path, by: tuple[str, ...]) -> int:
    tests = [f"tests/{name}" for name in by]
    options = ["-q", "-x", "-m", "not slow", "-p", "no:cacheprovider"]
    # Two writes within a second look the same to Python's cache of compiled code.
    # No mutation changes a table: all begin with what the code made before any.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "MIGRATED_AS": "unmutated"}
    for name in ("DATABASE_URL", "QUEUE_URL", "TEST_FOLDER", "PYTEST_XDIST_WORKER"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "pytest", *options, *tests]
    return subprocess.run(command, cwd=code, env=environment, stdout=subprocess.DEVNULL, check=False).returncode


def copied(folder: Path) -> Path:
    code = folder / "code"
    shutil.copytree(ROOT, code, ignore=shutil.ignore_patterns(*NOT_COPIED, "__pycache__"))
    return code


def main(words: list[str]) -> int:
    chosen = [one for one in MUTATIONS if not words or any(word in one.name for word in words)]
    missed = 0
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        code = copied(Path(folder))
        if run(code, tuple(sorted({name for one in chosen for name in one.by}))):
            print("The tests are red before anything is mutated.")
            return 1
        for one in chosen:
            seen = noticed(one, code)
            missed += not seen
            print(f"{'noticed' if seen else 'NOT NOTICED'}: {one.name} ({', '.join(one.by)})", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
