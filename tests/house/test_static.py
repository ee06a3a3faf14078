"""The stylesheet and the scripts can be read and merged: short lines, and one thing on each."""

from __future__ import annotations

import re
from pathlib import Path

import django
import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "connections" / "static" / "connections"
CONTRIB = Path(django.__file__).parent / "contrib"
FORMS = CONTRIB.parent / "forms"
WIDTH = 120
SHEETS = sorted(STATIC.glob("*.css"))
SCRIPTS = sorted(STATIC.glob("*.js"))
# Comments, texts and patterns, in which a semicolon or a brace means nothing.
CSS_TEXT = re.compile(r"/\*.*?\*/|\"[^\"\n]*\"|'[^'\n]*'", re.S)
JS_TEXT = re.compile(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`|(?<=[(,] )/[^/\n]+/|(?<=\()/[^/\n]+/", re.S)
# Classes that end in a state, a tone, a part of a bar or a column: one of each kind would have to be dead to be missed.
BUILT = ("status-", "t-", "f-", "column-", "field-")
RULE = re.compile(r"([^{}]+)\{([^{}]+)\}")
FOR_HEAD = re.compile(r"\bfor \([^;\n]*;[^;\n]*;")


def code(path: Path, text: re.Pattern[str]) -> list[tuple[int, str]]:
    """Return the file's lines with their numbers; of what `text` finds only the line breaks are left."""
    bare = text.sub(lambda found: "\n" * found[0].count("\n"), path.read_text())
    return [(number, line.strip()) for number, line in enumerate(bare.splitlines(), 1) if line.strip()]


def name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", [*SHEETS, *SCRIPTS], ids=name)
def test_no_line_is_too_long(path: Path) -> None:
    lines = enumerate(path.read_text().splitlines(), 1)
    assert [number for number, line in lines if len(line) > WIDTH] == []


@pytest.mark.parametrize("path", SHEETS, ids=name)
def test_a_line_of_a_sheet_holds_one_declaration(path: Path) -> None:
    """A declaration or a part of one, the head of a rule, or the brace that ends it."""
    one = re.compile(r"[^;{}]+;?|[^;{}]*\{|\}")
    assert [number for number, line in code(path, CSS_TEXT) if not one.fullmatch(line)] == []


@pytest.mark.parametrize("path", SHEETS, ids=name)
def test_every_rule_of_a_sheet_ends_before_the_next_begins(path: Path) -> None:
    """A brace that a merge has lost takes all that follows into the rules of a phone, and no parser complains."""
    depth, too_deep = 0, []
    for number, line in code(path, CSS_TEXT):
        depth += line.count("{") - line.count("}")
        if not 0 <= depth <= 2 or (depth > 1 and line.startswith("@media")):
            too_deep.append(number)
    assert (depth, too_deep[:1]) == (0, [])


def test_no_rule_stands_in_two_sheets() -> None:
    """Every page has panel.css; what another sheet says again is changed in one of the two, some day."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in SHEETS:
        bare = CSS_TEXT.sub(lambda text: "" if text[0].startswith("/*") else text[0], path.read_text())
        for selector, body in RULE.findall(bare):
            found.setdefault((" ".join(selector.split()), " ".join(body.split())), set()).add(path.name)
    assert {rule[0]: sheets for rule, sheets in found.items() if len(sheets) > 1} == {}


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_line_of_a_script_holds_one_statement(path: Path) -> None:
    """Nothing follows a semicolon, and no block that holds statements is written on one line."""
    lines = [(number, FOR_HEAD.sub("for (", line)) for number, line in code(path, JS_TEXT)]
    assert [number for number, line in lines if re.search(r";.|\{[^{}]*;", line)] == []


def test_every_class_of_the_sheet_is_used() -> None:
    """By a page, a script or a tag of the panel, or by a page of Django's admin or a form."""
    folders = (ROOT / "templates", ROOT / "connections", CONTRIB / "admin", CONTRIB / "auth", FORMS)
    files = (path for folder in folders for path in folder.rglob("*") if path.suffix in {".html", ".js", ".py"})
    words = set(re.findall(r"[\w-]+", "\n".join(path.read_text() for path in files)))
    heads = " ".join(line for path in SHEETS for _number, line in code(path, CSS_TEXT) if line.endswith(("{", ",")))
    named = {one for one in re.findall(r"\.([a-zA-Z][\w-]*)", heads) if not one.startswith(BUILT)}
    assert named - words == set()


def test_what_a_page_asks_for_is_there() -> None:
    """And what is there is asked for: by a page, or by the tag that draws icons."""
    files = (path for folder in ("templates", "connections") for path in (ROOT / folder).rglob("*"))
    texts = (path.read_text() for path in files if path.suffix in {".html", ".py"})
    asked = {name for text in texts for name in re.findall(r"""["']connections/([\w-]+\.(?:css|js|svg))["']""", text)}
    assert asked == {path.name for path in STATIC.iterdir() if path.is_file()}
