"""What came of the runs on a history page: counts, and the connections that each unfolds to."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.history.links import to_connection
from connections.models import StopItem, StopRun
from connections.stops.progress.tally import Tally, tallies
from connections.words.counts import number
from connections.words.outcomes import Said, outcome_labels, said_of

FOLD_LENGTH = 20
ROWS_PER_PAGE = 100
"""How many connections all the runs of a page unfold to, or nearly: a page of fifty large runs shows some of each."""


@dataclass(frozen=True)
class RunStory:
    """What came of a run so far. `items`: the first of those that need a look, or of a small run without such."""

    run: StopRun
    tally: Tally
    accounts: list[str]
    items: list[tuple[StopItem, Said]]

    def asked(self, count: int) -> SafeString:
        """What the line says that asked for `count` connections to be stopped; a person's name may stand before it."""
        connections = counted(ngettext("%s connection", "%s connections", count), count)
        what = to_connection(self.only_item.connection) if self.only_item else format_html("<b>{}</b>", connections)
        if len(self.accounts) == 1:
            return format_html(_("asked to stop {what} of {account}"), what=what, account=self.accounts[0])
        number = len(self.accounts)
        words = ngettext(
            "asked to stop {what} of {number} account", "asked to stop {what} of {number} accounts", number
        )
        return format_html(words, what=what, number=number)

    @property
    def labels(self) -> list[tuple[str, str]]:
        return outcome_labels(self.tally)

    @property
    def only_item(self) -> StopItem | None:
        return self.items[0][0] if self.tally.states.total() == len(self.items) == 1 else None

    @property
    def left(self) -> str:
        return _("%s not answered yet") % number(self.tally.left) if self.tally.left else ""

    @property
    def fold(self) -> str:
        """What `items` are the first of."""
        if count := self.tally.needs_look:
            return counted(ngettext("The %s that needs a look", "The %s that need a look", count), count)
        count = self.tally.states.total()
        return counted(ngettext("%s connection", "%s connections", count), count)

    @property
    def look_at_all(self) -> str:
        """Of those that need a look; "" when these are all here."""
        if self.tally.needs_look <= len(self.items):
            return ""
        return counted(_("All %s that need a look"), self.tally.needs_look)

    @property
    def whole_run(self) -> str:
        return counted(ngettext("The one in the run", "All %s in the run", self.tally.total), self.tally.total)


def stories_of(runs: set[StopRun]) -> dict[int, RunStory]:
    """The story of each of `runs`, by primary key."""
    counted = tallies(runs)
    items = _items_of(runs, counted)
    accounts: dict[int, list[str]] = {run.pk: [] for run in runs}
    pairs = StopItem.objects.in_runs(runs).order_by("account__name").values_list("run", "account__name")
    for run_id, name in pairs.distinct():
        accounts[run_id].append(name)
    return {run.pk: RunStory(run, counted[run.pk], accounts[run.pk], items[run.pk]) for run in runs}


def _items_of(runs: set[StopRun], counted: dict[int, Tally]) -> dict[int, list[tuple[StopItem, Said]]]:
    troubled = [run for run in runs if counted[run.pk].needs_look]
    small = [run for run in runs if run not in troubled and counted[run.pk].states.total() <= FOLD_LENGTH]
    place = Window(RowNumber(), partition_by=F("run"), order_by="pk")
    length = min(max(ROWS_PER_PAGE // len(runs), 2), FOLD_LENGTH) if runs else 0
    chosen = [
        StopItem.objects.in_runs(troubled).needs_look().annotate(place=place).filter(place__lte=length),
        StopItem.objects.in_runs(small).annotate(place=place).filter(place__lte=length),
    ]
    found: dict[int, list[tuple[StopItem, Said]]] = {run.pk: [] for run in runs}
    for items in chosen:
        for item in items.select_related("connection").order_by("pk"):
            found[item.run_id].append((item, said_of(item)))
    return found


def counted(words: str, count: int) -> str:
    """`words` with the number in its place. Here and not in the template, where it takes ten times as long."""
    return words % number(count) if "%s" in words else words
