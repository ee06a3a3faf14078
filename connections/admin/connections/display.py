"""How one person has the list shown: which columns, in which order, how many rows on a page, how high."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from connections.admin.connections.columns import COLUMNS
from connections.admin.connections.sight import connections_of
from connections.admin.pages import Page
from connections.models import Preferences, SavedView
from connections.web.around.frame import preferences_of
from connections.web.around.once import once
from connections.web.origin import user_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ROWS = (50, 100, 200)
DENSITIES = {"dense": gettext_lazy("Dense"), "": gettext_lazy("One line"), "two": gettext_lazy("Two lines")}
CLASSES = {"dense": "rows-dense", "": "rows-one", "two": "rows-two"}
ALWAYS = COLUMNS[0].__name__


@dataclass(frozen=True)
class Display:
    """`columns`: their names, in order. `rows`: so many on a page. `density`: a key of DENSITIES."""

    columns: tuple[str, ...]
    rows: int
    density: str

    @property
    def cells(self) -> list[Any]:
        by_name = _by_name()
        return [by_name[name] for name in self.columns]

    @property
    def css(self) -> str:
        return CLASSES[self.density]

    def without(self, names: Collection[str]) -> Display:
        return replace(self, columns=tuple(name for name in self.columns if name not in names))

    def choices(self) -> list[dict[str, Any]]:
        """Every column, those that are shown first and in their order, as the menu offers them."""
        by_name = _by_name()
        others = [name for name in by_name if name not in self.columns]
        return [
            {"name": name, "title": by_name[name].short_description, "shown": name in self.columns}
            for name in (*self.columns, *others)
        ]


def known_columns(names: Sequence[Any]) -> tuple[str, ...]:
    """Those of `names` that are columns, each once, with the one that is always there; the panel's own for none."""
    by_name = _by_name()
    known = tuple(dict.fromkeys(name for name in names if name in by_name))
    if not known:
        return tuple(name for name, cell in by_name.items() if cell.is_default)
    return known if ALWAYS in known else (ALWAYS, *known)


def display_of(request: HttpRequest, view: SavedView | None, usual_rows: int) -> Display:
    """How the list is shown to who asks for it. A saved `view` brings its own columns."""
    wished = once(request, preferences_of) or Preferences(rows=0)
    return Display(
        known_columns(view.columns if view and view.columns else wished.columns),
        wished.rows if wished.rows in ROWS else usual_rows,
        wished.density if wished.density in DENSITIES else "",
    )


@require_POST
def display_view(request: HttpRequest) -> HttpResponse:
    """Keep what the person chose, and go back to the list that it was chosen on."""
    connections_of(request)
    wished = Preferences.objects.filter(user=user_of(request)).first() or Preferences(user=user_of(request))
    sent = request.POST
    if "reset" in sent:
        wished.columns, wished.rows, wished.density = [], ROWS[0], ""
    else:
        chosen = [*known_columns(sent.getlist("column"))]
        wished.columns = _moved(chosen, sent.get("move", ""))
        wished.rows = next((rows for rows in ROWS if sent.get("rows") == str(rows)), ROWS[0])
        wished.density = sent.get("density", "") if sent.get("density") in DENSITIES else ""
    wished.save()
    return HttpResponseRedirect(f"{reverse('admin:connections_connection_changelist')}?{request.GET.urlencode()}")


PAGES = (Page("display/", "display", display_view),)


def _by_name() -> dict[str, Any]:
    return {cell.__name__: cell for cell in COLUMNS}


def _moved(names: list[str], move: str) -> list[str]:
    """`names` with one of them a place further: `move` is "up:NAME" or "down:NAME". The first stays the first."""
    way, _colon, name = move.partition(":")
    if name not in names or name == ALWAYS:
        return names
    at = names.index(name)
    to = at - 1 if way == "up" else at + 1
    if names.index(ALWAYS) < to < len(names):
        names[at], names[to] = names[to], names[at]
    return names
