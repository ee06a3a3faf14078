"""Templates read like HTML: short lines, in the formatter's shape (`make check`), and blanks that mean nothing."""

from __future__ import annotations

import re
from pathlib import Path

from django.template import engines

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
LONGEST_LINE = 120


def test_no_template_line_is_longer_than_120() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{number}"
        for path in TEMPLATES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > LONGEST_LINE
    ] == []


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
