"""The imports point one way: pages, commands and tasks -> verbs -> audit -> models; verbs -> remoteit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    "admin",
    "templatetags",
    "management",
    "bad_request",
    "behind_proxies",
    "context_processors",
    "error_page",
    "forms",
    "health",
    "middleware",
    "origin",
    "probes",
    "session_end",
    "signals",
    "signed_in",
    "tasks",
    "upload_limit",
    "views",
)

# folder or module -> what of ours it may import, beside itself
MAY_IMPORT = {
    "models": set(),
    "remoteit": set(),
    "sandbox": set(),
    "audit": {"models"},
    "accounts": {"models", "remoteit", "audit"},
    "clock": {"remoteit"},
    "account_check": {"models", "remoteit", "audit", "accounts", "signing_in"},
    "signing_in": {"models", "remoteit", "audit", "accounts"},
    "opening": {"models", "remoteit", "audit", "accounts", "signing_in"},
    "rotation": {"models", "audit"},
    "stops": {"models", "remoteit", "audit", "accounts", "signing_in"},
    "live": {"models", "remoteit", "audit", "accounts", "signing_in", "stops"},
    "csv_table": set(),
    "csv_rows": {"models", "csv_table"},
    "imports": {"models", "audit", "accounts", "csv_rows", "csv_table"},
    "uploads": {"models", "audit", "imports"},
    "upload_reader": {"models", "uploads"},
    "adding": {"models", "audit"},
    "people": {"models", "audit"},
    "sessions": {"models"},
    "zones": set(),
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_of(part: str) -> list[Path]:
    folder = ROOT / "connections" / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def parts_imported(path: Path) -> set[str]:
    names = (name.split(".") for name in imported(path))
    return {name[1] for name in names if name[0] == "connections" and len(name) > 1}


@pytest.mark.parametrize("part", [part for part in MAY_IMPORT if files_of(part)[0].exists()])
def test_a_part_imports_only_what_lies_below_it(part: str) -> None:
    for path in files_of(part):
        assert parts_imported(path) <= MAY_IMPORT[part] | {part}, path


@pytest.mark.parametrize("part", [part for part in MAY_IMPORT if part not in ("models", "audit")])
def test_no_verb_sees_a_request(part: str) -> None:
    for path in files_of(part):
        if path.exists():
            assert not {name for name in imported(path) if name.startswith(("django.http", "django.shortcuts"))}, path


@pytest.mark.parametrize("part", ["remoteit", "sandbox"])
def test_the_client_and_the_sandbox_know_no_django(part: str) -> None:
    for path in files_of(part):
        assert not {name for name in imported(path) if name.split(".")[0] == "django"}, path


def test_every_part_has_its_place() -> None:
    parts = {path.stem for path in (ROOT / "connections").iterdir() if path.suffix == ".py" or path.is_dir()}
    known = {*MAY_IMPORT, *PAGES, "__init__", "__pycache__", "apps", "checks", "groups", "migrations", "static"}
    assert parts <= known


def test_pages_never_call_remoteit() -> None:
    for part in ("admin", "templatetags", "forms", "views"):
        for path in files_of(part):
            if path.exists():
                assert "remoteit" not in parts_imported(path), path


LONGEST = {"connections/audit/verify_evidence.py": 360}
"""Where there may be more than 250 lines: who checks evidence takes this one file and nothing beside it."""


def test_no_module_has_two_subjects() -> None:
    long = {
        name: count
        for part in ("connections", "remoteit_admin")
        for path in (ROOT / part).rglob("*.py")
        if "migrations" not in path.parts
        and (count := len(path.read_text().splitlines())) > LONGEST.get(name := str(path.relative_to(ROOT)), 250)
    }
    assert long == {}
