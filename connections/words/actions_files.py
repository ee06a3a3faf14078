"""What the history says of files: what was imported, and what was exported."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.words.counts import number

FORMATS = {"jsonl": "JSON Lines", "csv": "CSV", "ocsf": "OCSF", "ecs": "ECS", "cef": "CEF"}


def imported(facts: dict[str, Any]) -> str:
    count = facts.get("count")
    if not isinstance(count, int):
        return ""
    sentence = ngettext("imported %(count)s connection", "imported %(count)s connections", count)
    return sentence % {"count": number(count)}


def connections_exported(facts: dict[str, Any]) -> str:
    count, form = facts.get("count"), str(facts.get("format", ""))
    if not isinstance(count, int):
        return ""
    sentence = ngettext(
        "exported %(count)s connection as %(format)s", "exported %(count)s connections as %(format)s", count
    )
    return sentence % {"count": number(count), "format": FORMATS.get(form, form)}


def exported(facts: dict[str, Any]) -> str:
    count, form = facts.get("count"), str(facts.get("format", ""))
    if not isinstance(count, int):
        return ""
    sentence = ngettext("exported %(count)s line as %(format)s", "exported %(count)s lines as %(format)s", count)
    return sentence % {"count": number(count), "format": FORMATS.get(form, form)}


def access_exported(facts: dict[str, Any]) -> str:
    count = facts.get("count")
    if not isinstance(count, int):
        return ""
    sentence = ngettext(
        "exported who may do what: %(count)s permission", "exported who may do what: %(count)s permissions", count
    )
    return sentence % {"count": number(count)}


def as_of(facts: dict[str, Any]) -> list[str]:
    at = facts.get("as_of")
    return [_("as of %s (UTC)") % at[:16].replace("T", " ")] if isinstance(at, str) else []


def restored(facts: dict[str, Any]) -> str:
    if not facts.get("made_at"):
        return ""
    return _("restored the panel from the backup of %(made_at)s, which ended with line %(seq)s") % facts
