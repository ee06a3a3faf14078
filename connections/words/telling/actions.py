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


def _turned_off(facts: Facts) -> str:
    """By itself, where the line names no person."""
    return "" if facts.get("actor") else _("the webhook “%(webhook)s” was turned off") % {"webhook": "", **facts}


def _events(facts: Facts) -> list[str]:
    """What it gets, and what of it was changed."""
    found = [_("gets: %s") % ", ".join(facts.get("events", []))]
    if facts.get("with_names"):
        found.append(_("with names of people, reasons and tickets"))
    if facts.get("new_address"):
        found.append(_("another address"))
    return found


def _is_known(facts: Facts) -> bool:
    return facts.get("alarm") in {*SENTENCES, "came_back", "left"}


TELLING = {
    "alarm.raised": Action(
        gettext_lazy("Alarms raised"), gettext_lazy("raised an alarm"), "warning", _raised, _why, Doer.PANEL
    ),
    "webhook.added": Action(
        gettext_lazy("Webhooks added"), gettext_lazy("added the webhook “%(webhook)s”"), "link", notes=_events
    ),
    "webhook.changed": Action(
        gettext_lazy("Webhooks changed"), gettext_lazy("changed the webhook “%(webhook)s”"), "settings", notes=_events
    ),
    "webhook.rotated": Action(
        gettext_lazy("Secrets of webhooks changed"),
        gettext_lazy("changed the secret of the webhook “%(webhook)s”; the one before it holds for a day"),
        "key",
    ),
    "webhook.off": Action(
        gettext_lazy("Webhooks turned off"),
        gettext_lazy("turned the webhook “%(webhook)s” off"),
        "pause",
        _turned_off,
        _why,
    ),
    "webhook.on": Action(
        gettext_lazy("Webhooks turned on"), gettext_lazy("turned the webhook “%(webhook)s” on"), "play"
    ),
    "alarm.cleared": Action(
        gettext_lazy("Alarms over"), gettext_lazy("an alarm is over"), "stopped", _cleared, _why, Doer.PANEL
    ),
}
