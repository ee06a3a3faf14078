"""Every word that people read is marked for translation: in templates, in scripts, in what is raised for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "connections/static/connections").glob("*.js"))
NAMES = r"\b(remoteit-admin|HTTP|SHA-256)\b"
NO_WORDS = (
    r"(?s)\{% comment %\}.*?\{% endcomment %\}",
    r"\{#.*?#\}",
    r"(?s)\{% blocktranslate.*?\{% endblocktranslate %\}",
    r"\{% block bodyclass %\}.*?\{% endblock %\}",
    r"(?s)\{%.*?%\}",
    r"\{\{.*?\}\}",
    NAMES,
)
READ_ALOUD = r'\b(?:aria-label|aria-valuetext|title|placeholder|alt|data-label)="([^"]*)"'
RAISED_FOR_PEOPLE = {
    "BadRequest",
    "CannotDecrypt",
    "CannotOpen",
    "CannotStart",
    "CommandError",
    "ImproperlyConfigured",
    "NoCredentials",
    "PermissionDenied",
    "UnknownFilter",
    "ValidationError",
    "wrong_use",
}


def without(patterns: tuple[str, ...], text: str) -> str:
    for pattern in patterns:
        text = re.sub(pattern, " ", text)
    return text


def bare_words(template: str) -> list[str]:
    """The words of a template that stand in it as they are, in its text and in attributes that people read or hear."""
    marked = without(NO_WORDS, template)
    said = " ".join(re.findall(READ_ALOUD, marked))
    text = without((r"(?s)<(code|kbd|style)\b.*?</\1>", r"<[^>]*>", r"&\w+;"), marked)
    return re.findall(r"[A-Za-z]+", f"{text} {said}")


def sentences(script: str) -> list[str]:
    """The literals of a script that are no selectors and have two words, or are shown as they are."""
    code = re.sub(r"(?s)/\*.*?\*/", "", script)
    literals = [single or double for single, double in re.findall(r"'([^'\n]*)'|`([^`\n]*)`", code)]
    two_words = [
        one for one in literals if re.search(r"[a-z]{2,} [a-z]{2,}", one, re.I) and not re.search("[#\\[]", one)
    ]
    shown = re.findall(
        r"(?:textContent|title|innerText) = ['`]([^'`]*[A-Za-z][^'`]*)['`]", re.sub(r"\$\{[^}]*\}", "", code)
    )
    return [one for one in [*two_words, *shown] if one != "use strict"]


def unmarked(source: str) -> Iterator[str]:
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id in RAISED_FOR_PEOPLE and call.args:
            if re.search("[a-z]{2,} [a-z]{2,}", "\n".join(literals(call.args[-1]))):
                yield ast.unparse(call)


def literals(node: ast.AST) -> Iterator[str]:
    """The texts in an expression that go through no call: `_` is one."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif not isinstance(node, ast.Call):
        for part in ast.iter_child_nodes(node):
            yield from literals(part)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_has_bare_words(path: Path) -> None:
    assert bare_words(path.read_text()) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_has_sentences_of_its_own(path: Path) -> None:
    assert sentences(path.read_text()) == []


def test_what_is_raised_for_people_is_marked() -> None:
    found = {path.name: list(unmarked(path.read_text())) for path in (ROOT / "connections").rglob("*.py")}
    assert {name: calls for name, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<dt>p95</dt>", ["p"]),
        ("{{ took }} s", ["s"]),
        ('<a title="Read {{ name }}">{% icon "x" %}</a>', ["Read"]),
        ('{% translate "Read" %} <code>sync</code> {% blocktranslate %}now{% endblocktranslate %}', []),
    ],
)
def test_a_bare_word_is_found(template: str, words: list[str]) -> None:
    assert bare_words(template) == words


def test_a_bare_sentence_in_a_script_is_found() -> None:
    assert sentences("say('not now'); age.textContent = 'Paused'; $('#a tr')") == ["not now", "Paused"]
