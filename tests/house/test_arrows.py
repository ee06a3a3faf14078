"""The rooms of the house and the direction of their imports: doors -> words -> verbs -> audit -> models."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "connections"

# A room may import the rooms of the floors below its own. `sandbox` plays remote.it and belongs to no floor.
FLOORS = (
    ("models", "remoteit"),
    ("db",),
    ("audit",),
    ("accounts", "people", "backup"),
    ("stops", "inventory"),
    ("live", "proposals"),
    ("holds",),
    ("words",),
    ("evidence", "notices"),
    ("web", "templatetags"),
    ("tasks", "checks"),
    ("admin", "api", "management", "apps"),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
DOORS = ("web", "templatetags", "tasks", "checks", "admin", "api", "management", "apps")
MOST_MODULES_IN_A_ROOM = 16
MOST_MODULES_AT_THE_ROOT = 8
FLAT = "connections/management/commands"
"""Django looks for commands in this one folder and in none below it."""
LONGEST = {"connections/evidence/verify_evidence.py": 400, "remoteit_admin/settings.py": 400}
"""Lines that a file may have where it is not 250: an auditor runs the one alone, and Django reads the other whole."""
# What may be imported from another floor's side or above, and why.
EXCEPTIONS = {
    ("connections.management.commands.sandbox", "sandbox"),  # the command that starts it
    ("connections.management.commands.openapi", "api"),  # the command that prints its description
}


def modules() -> dict[str, Path]:
    """Each module of the app by its dotted name, migrations left out."""
    found = {}
    for path in sorted(APP.rglob("*.py")):
        if "migrations" not in path.parts:
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imported(path: Path) -> Iterator[str]:
    """Each name that the file imports, with its module: `a.b` and `a.b.c` for `from a.b import c`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module


def ours(name: str) -> set[str]:
    return {one for one in imported(MODULES[name]) if one in MODULES and one != name}


def room(name: str) -> str:
    """`stops` for `connections.stops.worker.claim`, "" for the app itself."""
    return name.split(".")[1] if "." in name else ""


def test_every_room_has_its_floor() -> None:
    assert {room(name) for name in MODULES} - {"", "sandbox"} == set(FLOOR)


def test_no_import_runs_against_the_arrows() -> None:
    back = []
    for name in MODULES:
        here = room(name)
        for other in ours(name):
            there = room(other)
            if here in ("", there) or there == "" or (name, there) in EXCEPTIONS:
                continue
            if "sandbox" in (here, there) or FLOOR[there] >= FLOOR[here]:
                back.append(f"{name} -> {other}")
    assert back == []


def test_no_circle_between_files() -> None:
    graph = TopologicalSorter({name: ours(name) for name in MODULES})
    try:
        graph.prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_room_has_too_many_modules() -> None:
    folders: dict[str, int] = {}
    for path in MODULES.values():
        if path.name != "__init__.py":
            folder = str(path.parent.relative_to(ROOT))
            folders[folder] = folders.get(folder, 0) + 1
    most = {
        folder: MOST_MODULES_AT_THE_ROOT if folder == "connections" else MOST_MODULES_IN_A_ROOM for folder in folders
    }
    too_many = {folder: count for folder, count in folders.items() if folder != FLAT and count > most[folder]}
    assert too_many == {}


def test_no_verb_sees_a_request() -> None:
    seen = [
        f"{name} imports {one}"
        for name, path in MODULES.items()
        if room(name) not in ("", *DOORS)
        for one in imported(path)
        if one.startswith(("django.http", "django.shortcuts"))
    ]
    assert seen == []


@pytest.mark.parametrize("part", ["remoteit", "sandbox"])
def test_the_client_and_the_sandbox_know_no_django(part: str) -> None:
    for name, path in MODULES.items():
        if room(name) == part:
            assert not {one for one in imported(path) if one.split(".")[0] == "django"}, name


def test_pages_never_call_remoteit() -> None:
    for name in MODULES:
        if room(name) in ("admin", "templatetags"):
            assert "remoteit" not in {room(other) for other in ours(name)}, name


def test_no_module_has_two_subjects() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for part in ("connections", "remoteit_admin")
        for path in (ROOT / part).rglob("*.py")
        if "migrations" not in path.parts
        and (count := len(path.read_text().splitlines())) > LONGEST.get(str(path.relative_to(ROOT)), 250)
    }
    assert long == {}
