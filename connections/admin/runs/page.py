"""What the page of one run shows: its progress, and its items by outcome, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy, ngettext

from connections.admin.charts import Chart, cut_chart
from connections.admin.runs import verdicts
from connections.admin.runs.causes import causes
from connections.admin.runs.context import around, came_back, came_back_as, note_beside
from connections.admin.runs.controls import hand_over
from connections.admin.runs.differences import what_differs
from connections.admin.runs.items import listed, tabs
from connections.live.verdicts.basis import ListRead, lists_read
from connections.live.verdicts.progress import read_verification
from connections.models import StopItem
from connections.models.states import OUTCOMES, UNFINISHED, ItemState
from connections.stops.progress.left import Left, read_left
from connections.stops.progress.progress import Progress, read_progress
from connections.stops.progress.times import spans
from connections.templatetags.runs import tab_icon
from connections.words.outcomes import Said, note_of_verdict, said_of
from connections.words.runs import headline, next_lists, pace, title_of, yours_to_see
from connections.words.selection import selection_words

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import QueryDict

    from connections.models import Connection, StopRun

CHARTED_FROM = 20

TILES = (
    (ItemState.QUEUED, gettext_lazy("not sent")),
    (ItemState.SENDING, gettext_lazy("no answer yet")),
    (ItemState.STOPPED, gettext_lazy("accepted by the API, not verified yet")),
    (ItemState.ALREADY_GONE, gettext_lazy("the API does not know it")),
    (ItemState.REFUSED, gettext_lazy("a clear no")),
    (ItemState.FAILED, gettext_lazy("never reached the API")),
    (ItemState.UNKNOWN, gettext_lazy("may have been stopped")),
    (ItemState.CANCELLED, gettext_lazy("withdrawn before it was sent")),
)


@dataclass(frozen=True)
class Row:
    """An item. `other_run`: the one that kept it from being sent, where that can be known.

    `verdict_note` goes beside its verdict; `back`: the connection as which it came back, if the reader may see it.
    """

    item: StopItem
    note: str
    said: Said
    other_run: StopRun | None
    verdict_note: str
    back: Connection | None

    @property
    def awaits_verdict(self) -> bool:
        return self.item.state in OUTCOMES and not self.item.verdict

    @property
    def was_sent(self) -> bool:
        """Whether a byte may have left: of a failed one none did."""
        return self.item.sent_at is not None and self.item.state != ItemState.FAILED

    @property
    def took_s(self) -> float | None:
        return self.item.took_ms / 1000 if self.was_sent and self.item.took_ms is not None else None


def run_page(run: StopRun, query: QueryDict, user: User) -> dict[str, Any]:
    """The context of the page and of its refresh, for `user`.

    `query`: which of its items, and how they are narrowed; what is not known is named in `items_error`.
    """
    progress = read_progress(run)
    verification = read_verification(progress)
    left = read_left(run) if progress.final else Left([])
    line = headline(progress, verification, left)
    table = listed(run, progress, left, query)
    shown = list(table.page.object_list) if table.page else []
    nearby = around(run, shown, user, is_final=progress.final)
    is_final = progress.final and not verification.can_change
    part = StopItem.objects.filter(run=run).parts_of(run.viewer).get(run.pk)
    return {
        "differs": what_differs(run, shown, progress.tally.states.total()),
        "run": run,
        "progress": progress,
        "is_final": is_final,
        "tiles": _tiles(progress, table.outcome),
        "tabs": tabs(progress, left),
        "table": table,
        "outcome": table.outcome,
        "items_error": table.error,
        "page": table.page,
        "refresh_query": table.here,
        "rows": _rows(shown, nearby["others"], user),
        "headline": line,
        "window_title": title_of(line.words, run),
        "tab_icon": tab_icon(line.tone),
        "left": left,
        "causes": causes(left) if progress.final else [],
        "returned": came_back(run, user) if left.back else [],
        "pace": next_lists(verification, progress.at) if progress.final else pace(progress),
        **hand_over(progress, user),
        "part": yours_to_see(part) if part else "",
        # A search names what it searches for, and that may be out of sight.
        "selection": [] if part else selection_words(run),
        "chart": _chart(progress),
        **verdicts.verdict_part(progress, verification),
        **nearby,
    }


def _rows(items: list[StopItem], others: dict[int, StopItem], user: User) -> list[Row]:
    read = lists_read(item.verdict_seq for item in items if item.verdict_seq)
    back = came_back_as(items, user)
    return [_row(item, others.get(item.connection_id), read.get(item.verdict_seq or 0), back) for item in items]


def _row(item: StopItem, other: StopItem | None, read: ListRead | None, back: dict[int, Connection]) -> Row:
    return Row(
        item,
        note_beside(item, other),
        said_of(item),
        other.run if other else None,
        note_of_verdict(item, read),
        back.get(item.pk),
    )


def _chart(progress: Progress) -> Chart | None:
    """The chart of a run that is done and stopped some; of few the figures say more than bars would."""
    time = progress.time_to_answer
    return cut_chart(spans(progress.run, time)) if progress.final and time and time.count >= CHARTED_FROM else None


def _tiles(progress: Progress, outcome: str) -> list[dict[str, Any]]:
    if progress.final and progress.tally.has_verdicts:
        return []  # the table of answers and verdicts says it all
    states = progress.tally.states
    shown = [
        (state, words)
        for state, words in TILES
        if states[state] or state in OUTCOMES or (state in UNFINISHED and not progress.final)
    ]
    return [
        {
            "state": state.value,
            "count": states[state],
            "words": _again(progress, state) or words,
            "current": state == outcome,
        }
        for state, words in shown
    ]


def _again(progress: Progress, state: ItemState) -> str:
    again = progress.tally.again if state == ItemState.QUEUED else 0
    text = ngettext("%(count)s waits for another attempt", "%(count)s wait for another attempt", again)
    return text % {"count": number_format(again)} if again else ""
