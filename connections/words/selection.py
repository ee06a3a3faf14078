"""How the connections of a run were selected, in words; in the database it is data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.inventory.match import MatchError, parse

if TYPE_CHECKING:
    from connections.models import StopRun

NAMES = {
    "status": gettext_lazy("status"),
    "account": gettext_lazy("account"),
    "service": gettext_lazy("service"),
    "opened_by": gettext_lazy("opened by"),
    "open_for": gettext_lazy("open for"),
    "device": gettext_lazy("device"),
    "newer": gettext_lazy("newer than record"),
}


def filter_words(run: StopRun) -> str:
    """The filter by which the list was selected, in words; "" when it was none."""
    if run.selector.get("by") != "filter":
        return ""
    if "match" in run.selector:
        return match_words(run.selector["match"])
    # As it was kept before there was one search for all.
    chosen = {"status": "open", **run.selector.get("filter", {})}
    words = [f"{NAMES[name]} {value or _('not known')}" for name, value in chosen.items() if name in NAMES]
    if run.selector.get("query"):
        words.append(_("search “%s”") % run.selector["query"])
    return ", ".join(words)


def match_words(text: str) -> str:
    """What the search `text` means; itself, where that is not known any more: its account may be gone."""
    try:
        return parse(text).words()
    except MatchError:
        return text


def selection_words(run: StopRun) -> list[tuple[str, str]]:
    """What is known of the selection: a name and its words for each part."""
    chosen = run.selector
    ways = {
        "filter": _("all %s") % filter_words(run),
        "ticked": _("ticked one by one"),
        "connection": _("one, from its own page"),
    }
    by = ways.get(chosen.get("by", "")) or _from_elsewhere(chosen)
    parts = [
        (_("Where"), {"web": _("in the panel"), "command": _("by command")}.get(chosen.get("door", ""), "")),
        (_("How"), by),
        (_("Account"), chosen.get("account", "")),
        (_("Shown in the list then"), number_format(chosen["shown"]) if "shown" in chosen else ""),
    ]
    return [(name, words) for name, words in parts if words]


def _from_elsewhere(chosen: dict[str, object]) -> str:
    if "again" in chosen:
        return _("what run %s did not stop") % chosen["again"]
    if "came_back" in chosen:
        return _("what came back after run %s") % chosen["came_back"]
    if "file" in chosen:
        if "ids" not in chosen:
            return _("what the lines of the file %s name") % chosen["file"]
        return _("%(count)s ids in the file %(file)s") % {"count": chosen["ids"], "file": chosen["file"]}
    if "ids" in chosen:
        return _("%s ids that were named") % chosen["ids"]
    return _("all that were active") if "all" in chosen else ""
