"""What one kind of event is: its name, its sentence, its icon, and who did it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from django.utils.functional import Promise

Facts = dict[str, Any]


class Doer(Enum):
    """Whether the person whom a line names did it, the panel did it for them, or somebody claimed to be them."""

    PERSON = auto()
    PANEL = auto()
    CLAIMED = auto()


def _nothing(facts: Facts) -> str:
    return ""


def no_notes(facts: Facts) -> list[str]:
    return []


@dataclass(frozen=True)
class Action:
    """One kind of event.

    `name`: for a filter. `sentence`: for a line, beginning in lower case, since a person's name may stand before it,
    with the names of facts in it as `%(user)s`. `icon`: of the sprite. `exact`: the sentence where the facts tell more,
    "" where they don't. `notes`: what has to be said beside it. `is_answer`: whether it is what remote.it answered.
    """

    name: str | Promise
    sentence: str | Promise
    icon: str
    exact: Callable[[Facts], str] = _nothing
    notes: Callable[[Facts], list[str]] = no_notes
    doer: Doer = Doer.PERSON
    is_answer: bool = False


def by(words: Mapping[str, Promise], *names: str) -> Callable[[Facts], str]:
    """The sentence that `words` has for the facts of these names, "" for none."""
    return lambda facts: str(words.get(" ".join(str(facts.get(name, "")) for name in names), ""))


def answer(
    name: Promise, sentence: Promise, icon: str, exact: Callable[[Facts], str], notes: Callable[[Facts], list[str]]
) -> Action:
    return Action(name, sentence, icon, exact, notes, Doer.PANEL, is_answer=True)
