"""The connections of a run as its page lists them: which of them, narrowed how, and a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.paginator import InvalidPage, Paginator
from django.db.models import Count, F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.admin.runs import verdicts
from connections.admin.runs.causes import causes
from connections.db.counts import rows_together
from connections.inventory.match import MatchError, parse
from connections.models import Connection
from connections.models.states import UNFINISHED, ItemState, Verdict
from connections.stops.progress.left import TO_DO, TO_STOP, Left, standing_as
from connections.words.counts import number

if TYPE_CHECKING:
    from django.http import QueryDict
    from django.utils.functional import Promise

    from connections.models import StopRun
    from connections.models.rights import Person
    from connections.models.runs import StopItemQuerySet
    from connections.stops.progress.progress import Progress

PER_PAGE = 50
MOST_PRINTED = 10_000
LONGEST_MENU = 12
COUNTED_UP_TO = 20_000
"""Of longer lists no menus are made: each counts all of them, every two seconds while the run goes on."""

LATEST, LEFT, ATTENTION, WAITING, ALL = "latest", "left", "attention", "waiting", "all"
TABS = {
    LATEST: gettext_lazy("Latest answers"),
    LEFT: gettext_lazy("Open or undecided now"),
    ATTENTION: gettext_lazy("Not gone then"),
    Verdict.CONFIRMED_GONE.value: gettext_lazy("Confirmed gone"),
    Verdict.CAME_BACK.value: gettext_lazy("Came back"),
    WAITING: gettext_lazy("Not answered"),
    ItemState.SKIPPED.value: gettext_lazy("Skipped"),
    ALL: gettext_lazy("All"),
}
MENUS: dict[str, tuple[str | Promise, str]] = {
    "answer": (gettext_lazy("Answer"), "state"),
    "verdict": (gettext_lazy("Verdict"), "verdict"),
    "device": (gettext_lazy("Device"), "connection__device_name"),
    "person": (gettext_lazy("Opened by"), "connection__opened_by"),
}
"""What the table is narrowed by, in words, and the column of an item."""
WORDS = dict((*ItemState.choices, *Verdict.choices))


@dataclass(frozen=True)
class Choice:
    label: str
    url: str
    count: str
    selected: bool


@dataclass(frozen=True)
class Menu:
    name: str
    title: str | Promise
    choices: list[Choice]
    chosen: str | None


@dataclass(frozen=True)
class Listed:
    """The part of a run's items that its page lists. `error`: what was not understood of the address, "" for nothing.

    `kept`: what the search keeps of the address; `prints`: all of them stand on this page, as far as MOST_PRINTED goes.
    """

    outcome: str
    query: str
    error: str
    page: Any
    menus: list[Menu]
    params: dict[str, str]
    prints: bool

    def address(self, **changes: str | int | None) -> str:
        """The page's address with `changes` made: None takes one off, and the first page has no number."""
        kept = {name: value for name, value in self.params.items() if name not in changes and name != "page"}
        changed = {name: str(value) for name, value in changes.items() if value not in (None, "")}
        return "?" + urlencode({**kept, **changed}, safe=":")

    @property
    def back(self) -> str:
        return self._page(self.page.previous_page_number()) if self.page and self.page.has_previous() else ""

    @property
    def on(self) -> str:
        return self._page(self.page.next_page_number()) if self.page and self.page.has_next() else ""

    @property
    def here(self) -> str:
        """What a refresh asks for."""
        return self.address(page=self.page.number if self.page and self.page.number > 1 else None)

    @property
    def print_all(self) -> str:
        return self.address(print="all") if self.page and self.page.has_other_pages() and not self.prints else ""

    @property
    def kept(self) -> dict[str, str]:
        return {name: value for name, value in self.params.items() if name not in ("q", "page")}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query) or any(name in self.params for name in MENUS)

    @property
    def not_printed(self) -> int:
        return max(self.page.paginator.count - MOST_PRINTED, 0) if self.page and self.prints else 0

    def _page(self, number: int) -> str:
        return self.address(page=number if number > 1 else None) + "#items"


def listed(run: StopRun, progress: Progress, left: Left, query: QueryDict) -> Listed:
    """The items of `run` that the address asks for."""
    outcome, text = query.get("outcome") or default_tab(progress, left), query.get("q", "").strip()
    names = ("outcome", "q", "page", "print", *MENUS)
    params = {name: value for name in names if (value := query.get(name, ""))} | {"outcome": outcome}
    prints = query.get("print") == "all"
    tab = _items(run, outcome, left)
    if tab is None:
        error = _("The outcome “%s” is not known. Nothing is listed.") % outcome
        return Listed(outcome, text, error, None, [], params, prints)
    try:
        found = _searched(tab, text, run.viewer)
    except MatchError as fault:
        return Listed(outcome, text, f"{fault} {_('Nothing is listed.')}", None, [], params, prints)
    chosen = {name: query.get(name, "") for name in MENUS if name in query}
    per_page = MOST_PRINTED if prints else PER_PAGE
    error, page = _page(_narrowed(found, chosen), query.get("page", "1"), per_page)
    bare = Listed(outcome, text, error, page, [], params, prints)
    has_menus = progress.tally.states.total() <= COUNTED_UP_TO
    menus = _menus(found, chosen, bare) if has_menus and not error else []
    return Listed(outcome, text, error, page, menus, params, prints)


def _searched(items: StopItemQuerySet, text: str, viewer: Person | None) -> StopItemQuerySet:
    """Those of `items` that the search means to `viewer`, whatever their status is. Raises MatchError."""
    if not text:
        return items
    found = Connection.objects.filter(parse(text, viewer).condition(without="status"))
    return items.filter(connection__in=found.values("pk"))


def _narrowed(items: StopItemQuerySet, chosen: dict[str, str], without: str = "") -> StopItemQuerySet:
    return items.filter(**{MENUS[name][1]: value for name, value in chosen.items() if name != without})


def _menus(items: StopItemQuerySet, chosen: dict[str, str], here: Listed) -> list[Menu]:
    """A choice's count is under all the other filters that are set."""
    asked: list[Any] = []
    for name, (_title, column) in MENUS.items():
        rows: Any = _narrowed(items, chosen, without=name).order_by().values_list(column).annotate(count=Count("pk"))
        asked.append(rows.order_by("-count", column)[:LONGEST_MENU])
    found = zip(MENUS, rows_together(asked), strict=True)
    return [
        _menu(name, dict(sorted(counted, key=lambda one: (-one[1], one[0]))), chosen, here) for name, counted in found
    ]


def _menu(name: str, counts: dict[str, int], chosen: dict[str, str], here: Listed) -> Menu:
    title, _column = MENUS[name]
    value = chosen.get(name)
    if value is not None:
        counts.setdefault(value, 0)
    choices = [Choice(_("Any"), here.address(**{name: None}) + "#items", "", value is None)]
    choices += [
        Choice(_label(key), here.address(**{name: key}) + "#items", number(count), key == value)
        for key, count in counts.items()
        if key
    ]
    return Menu(name, title, choices, None if value is None else _label(value))


def _label(key: str) -> str:
    return str(WORDS.get(key, key))


def _items(run: StopRun, outcome: str, left: Left) -> StopItemQuerySet | None:
    """The items behind a tab, a tile or a number, or None when there is no such outcome or verdict."""
    items = run.items.select_related("connection", "account")
    if outcome == LATEST:
        return items.filter(answered_at__isnull=False).order_by(F("answered_at").desc(), "-pk")
    if outcome == LEFT:
        return standing_as(items.troubled(), *TO_DO)
    if outcome == ATTENTION:
        return items.needs_look()
    if outcome == WAITING:
        return items.filter(state__in=UNFINISHED)
    if outcome == ALL:
        return items.all()
    if outcome in ItemState.values:
        return items.filter(state=outcome)
    return items.filter(verdict=outcome) if outcome in Verdict.values else _cell(items, outcome, left)


def _cell(items: StopItemQuerySet, key: str, left: Left) -> StopItemQuerySet | None:
    """The items behind a number of the table of outcomes by verdict, whose key is `outcome:verdict`."""
    state, _colon, verdict = key.partition(":")
    if state == "cause":
        cause = next((one for one in causes(left) if one.key == verdict), None)
        return standing_as(items, *TO_STOP).filter(cause.where) if cause else None
    if state not in ItemState.values or verdict not in (*Verdict.values, verdicts.NO_VERDICT):
        return None
    return items.filter(state=state, verdict="" if verdict == verdicts.NO_VERDICT else verdict)


def _page(items: StopItemQuerySet, wanted: str, per_page: int) -> tuple[str, Any]:
    try:
        return "", Paginator(items, per_page).page(wanted)
    except InvalidPage:
        return _("There is no page “%s”. Nothing is listed.") % wanted, None


def tabs(progress: Progress, left: Left) -> list[tuple[str, Any, int | None]]:
    tally = progress.tally
    counts = {
        LEFT: left.to_do,
        ATTENTION: tally.needs_look,
        Verdict.CONFIRMED_GONE.value: tally.verdicts[Verdict.CONFIRMED_GONE],
        Verdict.CAME_BACK.value: tally.verdicts[Verdict.CAME_BACK],
        WAITING: tally.left,
        ItemState.SKIPPED.value: tally.states[ItemState.SKIPPED],
        ALL: tally.states.total(),
    }
    empty = {key for key, count in counts.items() if not count and key != ALL} | ({LATEST} if progress.final else set())
    return [(key, label, counts.get(key)) for key, label in TABS.items() if key not in empty]


def default_tab(progress: Progress, left: Left) -> str:
    if not progress.final:
        return LATEST
    return LEFT if left.to_do else ALL
