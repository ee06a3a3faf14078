"""The documentation says what the code does: every setting, every command, every link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.screenshots import PICTURES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "remoteit_admin" / "settings.py").read_text()
READ_BY_SETTINGS = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z0-9_]+)"', SETTINGS)) | {"PORT"}
IN_THE_TABLE = {name for row in re.findall(r"^\| (`[A-Z].*?) \|", README, re.M) for name in re.findall(r"`(\w+)`", row)}


def test_every_setting_is_in_the_readme_and_nothing_else_is() -> None:
    assert IN_THE_TABLE == READ_BY_SETTINGS


def test_every_setting_is_in_the_example() -> None:
    example = set(re.findall(r"^#? ?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert example == READ_BY_SETTINGS


def test_the_tests_take_no_setting_from_a_developer_s_file() -> None:
    named = set(re.findall(r"\b[A-Z0-9_]{3,}\b", (ROOT / "tests" / "settings.py").read_text()))
    assert READ_BY_SETTINGS - {"PORT"} - named == set()


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")),
    ],
)
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_every_picture_is_one_that_the_command_makes_and_is_shown() -> None:
    made = {picture.name for picture in PICTURES}
    assert len(made) == len(PICTURES)
    assert {path.stem for path in (ROOT / "docs/screenshots").iterdir()} == made
    assert set(re.findall(r"\]\(screenshots/([\w-]+)\.png\)", (ROOT / "docs/screens.md").read_text())) == made


def test_the_version_is_that_of_the_changelog() -> None:
    from remoteit_admin import __version__

    newest = re.search(r"^## v([\d.]+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert newest is not None
    assert newest[1] == __version__


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/map.md"])
def test_every_place_that_a_newcomer_is_sent_to_is_there(document: str) -> None:
    places = re.findall(
        r"`((?:connections|remoteit_admin|templates|tests|docs)/[\w/.]*)`", (ROOT / document).read_text()
    )
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_the_map_shows_every_room() -> None:
    shown = set(re.findall(r"`([a-z]+)/`", (ROOT / "docs/map.md").read_text()))
    rooms = {path.parent.name for path in (ROOT / "connections").glob("*/__init__.py")}
    assert rooms - {"migrations"} <= shown
