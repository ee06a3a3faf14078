"""Templates read like HTML: short lines, in the formatter's shape (`make check`), and blanks that mean nothing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from django.template import engines

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NOT_YET = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["djangofmt"].get("extend-exclude", [])
LONGEST_LINE = 120


def test_no_template_line_is_longer_than_120() -> None:
    long = []
    for path in TEMPLATES:
        name = str(path.relative_to(ROOT))
        if not any(name == one or name.startswith(f"{one}/") for one in NOT_YET):
            lines = path.read_text().splitlines()
            long += [f"{name}:{number}" for number, line in enumerate(lines, 1) if len(line) > LONGEST_LINE]
    assert long == []


def test_what_is_not_in_shape_yet_is_there() -> None:
    assert [one for one in NOT_YET if not (ROOT / one).exists()] == []


def test_no_template_breaks_a_line_where_blanks_have_a_meaning() -> None:
    kept = re.compile(r"(?s)<(pre|textarea)\b[^>]*>([^<]*\n.*?)</\1>")
    assert [path.name for path in TEMPLATES if kept.search(path.read_text())] == []


def test_a_sentence_over_several_lines_is_trimmed() -> None:
    untrimmed = re.compile(r"\{% blocktranslate (?:(?!%\}|trimmed).)*%\}(?:(?!endblocktranslate).)*\n")
    assert [path.name for path in TEMPLATES if untrimmed.search(path.read_text())] == []


def test_indentation_costs_no_weight() -> None:
    loaded = engines["django"].engine.find_template("503.html")[0].source
    assert "\n  " in (ROOT / "templates/503.html").read_text()
    assert re.search(r"\n[ \t]", loaded) is None
