"""What the history says of alarms, and of the ways by which it is told."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.words.history.action import Action, Doer
from connections.words.telling.notices import SENTENCES, sentence

Facts = dict[str, Any]


def _raised(facts: Facts) -> str:
    return _("raised an alarm: %s") % sentence(facts["alarm"], facts) if _is_known(facts) else ""


def _cleared(facts: Facts) -> str:
    return _("an alarm is over: %s") % sentence(facts["alarm"], facts) if _is_known(facts) else ""


def _why(facts: Facts) -> list[str]:
    return [str(facts.get("why", ""))]


def _is_known(facts: Facts) -> bool:
    return facts.get("alarm") in {*SENTENCES, "came_back", "left"}


TELLING = {
    "alarm.raised": Action(
        gettext_lazy("Alarms raised"), gettext_lazy("raised an alarm"), "warning", _raised, _why, Doer.PANEL
    ),
    "alarm.cleared": Action(
        gettext_lazy("Alarms over"), gettext_lazy("an alarm is over"), "stopped", _cleared, _why, Doer.PANEL
    ),
}
