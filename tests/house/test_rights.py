"""One module asks Django whether somebody may: everybody else asks it, by a name that there is."""

from __future__ import annotations

import ast
import re

import pytest

from connections.models.rights import PARTS, PERMISSIONS
from connections.people import rights
from tests.house.test_arrows import APP, ROOT

ASKS_DJANGO = ("has_perm", "has_perms", "has_module_perms", "get_all_permissions", "get_group_permissions")
NAMES = {*PERMISSIONS, *(part.partition(".")[2] for parts in PARTS.values() for part in parts)}
CONTRACT = """
    view_connection stop_connection add_connection open_connection manage_runs view_all_history manage_accounts
    manage_people manage_roles hold_watch hold_recut hold_links hold_services hold_persons approve_runs break_glass
"""
SOURCES = [
    path for path in (*APP.rglob("*.py"), *(ROOT / "remoteit_admin").rglob("*.py")) if "migrations" not in path.parts
]
TEMPLATES = list((ROOT / "templates").rglob("*.html"))


def test_one_module_asks_django() -> None:
    asking = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ASKS_DJANGO
    }
    assert asking == {"connections/models/rights.py"}


def test_no_template_asks_django() -> None:
    assert [path.name for path in TEMPLATES if re.search(r"\bperms\b", path.read_text())] == []


def test_what_pages_ask_for_has_a_name() -> None:
    asked = {name for path in TEMPLATES for name in re.findall(r"\bmay\.(\w+)", path.read_text())}
    calls = r"\b(?:may|missing|Lacks|refusal)\((?:[\w.()]+, )?\"(\w+)\""
    asked |= {name for path in SOURCES for name in re.findall(calls, path.read_text())}
    assert "stop_connection" in asked
    assert asked <= NAMES


def test_the_permissions_are_those_of_the_contract() -> None:
    assert list(PERMISSIONS) == CONTRACT.split()


@pytest.mark.django_db
def test_every_permission_exists_once() -> None:
    assert rights.offered().count() == len(NAMES)
