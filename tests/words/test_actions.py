"""An action of the history is worded in one table: adding one is a line there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from connections.words.actions import ACTIONS, notes_for, sentence_for
from connections.words.history.action import Doer

APP = Path(__file__).resolve().parents[2] / "connections"


def test_every_action_that_is_written_has_words() -> None:
    written = {
        name for path in APP.rglob("*.py") for name in re.findall(r'Entry\(\s*"([a-z_]+\.[a-z_]+)"', path.read_text())
    }
    assert len(written) > 20
    assert written - ACTIONS.keys() == set()


def test_every_action_is_a_sentence_whatever_its_line_tells() -> None:
    for action in ACTIONS:
        assert sentence_for(action, {})
        assert "" not in notes_for(action, {})


def test_an_action_without_words_is_shown_as_it_is() -> None:
    assert sentence_for("moon.landed", {"count": 3}) == "moon.landed"
    assert notes_for("moon.landed", {"why": "x"}) == []


@pytest.mark.parametrize(
    ("action", "facts", "sentence"),
    [
        ("stop.answered", {"outcome": "refused"}, "stop refused by remote.it"),
        ("stop.answered", {"outcome": "something new"}, "stop answered"),
        ("stop.skipped", {"item_outcome": "unknown"}, "no further attempt: what was sent may have stopped it"),
        ("account.sign_in_answered", {"outcome": "accepted"}, "signed in to remote.it"),
        ("account.test_answered", {"part": "list", "outcome": "complete"}, "the list that was tried came whole"),
        ("connection.open_sent", {"device_address": "aa:bb"}, "asked to open a connection to aa:bb"),
        ("connections.imported", {"count": 1200}, "imported 1,200 connections"),
        ("history.exported", {"count": 1, "format": "csv"}, "exported 1 line as CSV"),
        ("list.read", {"complete": True, "sessions": 1}, "list read: 1 connection"),
        ("user.changed", {"user": "100 %"}, "changed the user 100 %"),
        ("user.sign_in_failed", {"name": "eve"}, "a sign-in as “eve” failed"),
        ("user.sign_in_failed", {"name": "eve", "failures": 3}, "3 more sign-ins as “eve” failed"),
        ("user.old_password_wrong", {"failures": 1}, "1 more wrong old password"),
    ],
)
def test_a_sentence_says_what_its_line_tells(action: str, facts: dict[str, Any], sentence: str) -> None:
    assert sentence_for(action, facts) == sentence


def test_notes_say_what_changed_and_why() -> None:
    assert notes_for("user.changed", {"is_staff": False}) == ["may not enter the panel"]
    assert notes_for("stop.skipped", {"why": "not_allowed"}) != []
    answered = notes_for("stop.answered", {"outcome": "stopped", "possibly_by_attempt": 1, "late": True})
    assert [note.split(",")[0] for note in answered] == ["gone", "it came after this attempt was given up"]


def test_nobody_is_said_to_do_what_the_panel_does_for_them() -> None:
    assert {action for action, words in ACTIONS.items() if words.is_answer and words.doer is not Doer.PANEL} == set()
    assert [action for action, words in ACTIONS.items() if words.doer is Doer.CLAIMED] == ["user.sign_in_failed"]
