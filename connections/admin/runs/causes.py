"""What a run left, by what remote.it answered: a part for each cause, with what can be done about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from django.db.models import Q
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.models.states import GONE, NOT_GONE, Verdict
from connections.stops.progress.left import TO_STOP, Group, Left
from connections.words.causes import HELP_WORDS, KINDS, Kind, kind_of, without_classes
from connections.words.outcomes import Said, said


@dataclass(frozen=True)
class CauseOfRun:
    """One cause: how many items it left, how many of them are open now, and the answer that most of them got."""

    key: str
    kind: Kind
    groups: list[Group]
    is_next: bool = False
    """Whether stopping these again is what a person would most likely do next."""

    @property
    def css(self) -> str:
        """One button of a page is red all over, the others of its kind in outline."""
        return "cut" if self.is_next else "cut-quiet"

    @property
    def total(self) -> int:
        return sum(one.count for one in self.groups)

    @property
    def open(self) -> int:
        return sum(one.count for one in self.groups if one.standing in TO_STOP)

    @property
    def helps(self) -> str:
        return str(HELP_WORDS[self.kind.help])

    @property
    def answer(self) -> Said:
        """What remote.it said most often, without the names of exceptions."""
        counts: Counter[tuple[str, int | None, str]] = Counter()
        for one in self.groups:
            counts[one.state, one.status, one.reason or ""] += one.count
        (state, status, reason), _count = counts.most_common(1)[0]
        return said(state, status, without_classes(reason))

    @property
    def wordings(self) -> int:
        """How many other answers stand behind the same cause."""
        return len({(one.status, without_classes(one.reason or "")) for one in self.groups}) - 1

    @property
    def now(self) -> str:
        """How many of them are open now, where that is not all: what became of the others stands in the headline."""
        counts = {"open": number_format(self.open, force_grouping=True), "total": number_format(self.total)}
        if self.open == self.total:
            return ngettext("it is still open", "all %(open)s are still open", self.total) % counts
        return _("%(open)s of %(total)s still open") % counts

    @property
    def where(self) -> Q:
        """The condition on items of the run that are of this cause."""
        answers: dict[tuple[str, str, int | None], set[str | None]] = {}
        for one in self.groups:
            answers.setdefault((one.state, one.verdict, one.status), set()).add(one.reason)
        found = Q(pk__in=[])
        for (state, verdict, status), reasons in answers.items():
            worded = Q() if None in reasons else Q(upstream_reason__in=reasons)
            found |= Q(state=state, verdict=verdict, upstream_status=status) & worded
        return found


def causes(left: Left) -> list[CauseOfRun]:
    """The causes of what is open now, those that another try can help first; what came back has none."""
    by_key: dict[str, list[Group]] = {}
    for one in left.groups:
        if one.verdict == Verdict.STILL_ALIVE or (one.state in NOT_GONE and one.verdict not in GONE):
            by_key.setdefault(kind_of(one.state, one.verdict, one.status, one.reason or ""), []).append(one)
    found = [CauseOfRun(key, KINDS[key], groups) for key, groups in by_key.items()]
    in_order = sorted(found, key=lambda one: (list(HELP_WORDS).index(one.kind.help), -one.open))
    still_open = [one for one in in_order if one.open]
    if still_open and not left.back:
        still_open[0] = replace(still_open[0], is_next=True)
    return still_open
