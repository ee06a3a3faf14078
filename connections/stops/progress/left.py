"""What runs have left to do, as it is now: not what they once saw, but what is open or undecided of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Lower

from connections.models import Connection, StopItem, StopRun
from connections.models.states import (
    ALIVE_ALL_THE_SAME,
    STOPPABLE_STATUSES,
    ConnectionStatus,
    ItemState,
    UnverifiedReason,
    Verdict,
)

if TYPE_CHECKING:
    from connections.models.runs import StopItemQuerySet, StopRunQuerySet

MOST_WORDINGS = 1000
"""Of so many different answers each stands alone; where there are more, a status stands for all its wordings."""


class Standing(StrEnum):
    """Where a connection that a run did not get rid of is now."""

    #: Held for open.
    OPEN = "open"
    #: Open as another one: it came back.
    BACK = "back"
    #: It may be open: no answer and no list tells.
    DOUBT = "doubt"
    #: Accepted, and no list came in time to confirm it; another one could.
    UNVERIFIED = "unverified"
    #: A later run has it, or had it.
    AGAIN = "again"
    #: A person decided to leave it.
    LEFT = "left"
    #: Gone since, or gone after all.
    ENDED = "ended"


TO_DO = (Standing.BACK, Standing.OPEN, Standing.DOUBT, Standing.UNVERIFIED)
"""The standings that wait for a person, the most pressing first."""
TO_STOP = (Standing.OPEN, Standing.DOUBT)
"""Those of which the same connection can be stopped again."""


@dataclass(frozen=True)
class Group:
    """So many items of a run with the same outcome, verdict, answer and standing.

    `reason`: None where one group stands for all wordings of a status.
    """

    state: str
    verdict: str
    status: int | None
    reason: str | None
    standing: str
    count: int


@dataclass(frozen=True)
class Left:
    """What one run has left: its troubled and its cancelled items, grouped."""

    groups: list[Group]

    def count(self, *standings: str) -> int:
        """How many of the troubled ones stand so now; what a person cancelled was decided and is none."""
        return sum(one.count for one in self._troubled() if one.standing in standings)

    @property
    def open(self) -> int:
        return self.count(Standing.OPEN)

    @property
    def back(self) -> int:
        return self.count(Standing.BACK)

    @property
    def doubt(self) -> int:
        return self.count(Standing.DOUBT)

    @property
    def to_do(self) -> int:
        return self.count(*TO_DO)

    @property
    def was(self) -> int:
        """How many the run itself left, whatever has become of them since."""
        return sum(one.count for one in self._troubled() if one.verdict != Verdict.CONFIRMED_GONE)

    @property
    def since(self) -> Counter[str]:
        """What became, since, of those that wait for nobody any more, by standing."""
        found: Counter[str] = Counter()
        for one in self._troubled():
            if one.standing not in TO_DO and one.verdict != Verdict.CONFIRMED_GONE:
                found[one.standing] += one.count
        return found

    def _troubled(self) -> list[Group]:
        return [one for one in self.groups if one.state != ItemState.CANCELLED]


def with_standing(items: StopItemQuerySet) -> StopItemQuerySet:
    """`items` of started runs, each with the `standing` of its connection now."""
    covered = StopItem.objects.covered()
    later = covered.filter(connection=OuterRef("connection"), run__started_at__gt=OuterRef("run__started_at"))
    key = Lower(OuterRef("came_back_as"))
    newcomer = Connection.objects.filter(account=OuterRef("account"), connection_key=key)
    taken = covered.filter(connection__account=OuterRef("account"), connection__connection_key=key)
    back = Q(verdict=Verdict.CAME_BACK)
    # A decision holds for what was known when it was taken: what a list shows later asks anew.
    news = back | Q(verdict=Verdict.STILL_ALIVE, state__in=ALIVE_ALL_THE_SAME)
    decided = Q(left_seq__isnull=False) & ~(news & Q(verdict_seq__gt=F("left_seq")))
    standing = Case(
        When(verdict=Verdict.CONFIRMED_GONE, then=Value(Standing.ENDED)),
        When(decided, then=Value(Standing.LEFT)),
        When(back & Q(Exists(taken)), then=Value(Standing.AGAIN)),
        When(back & Q(Exists(newcomer.open())), then=Value(Standing.BACK)),
        When(back, then=Value(Standing.ENDED)),
        When(Exists(later), then=Value(Standing.AGAIN)),
        When(connection__status=ConnectionStatus.UNKNOWN, then=Value(Standing.DOUBT)),
        When(connection__status__in=STOPPABLE_STATUSES, then=Value(Standing.OPEN)),
        When(verdict_why=UnverifiedReason.NOT_LISTED, then=Value(Standing.UNVERIFIED)),
        default=Value(Standing.ENDED),
        output_field=CharField(),
    )
    annotated: StopItemQuerySet = items.annotate(standing=standing)
    return annotated


def standing_as(items: StopItemQuerySet, *standings: Standing) -> StopItemQuerySet:
    """Those of `items` of started runs whose connection stands so now."""
    found: Any = with_standing(items)
    return cast("StopItemQuerySet", found.filter(standing__in=standings))


def waiting_for_somebody(items: StopItemQuerySet) -> StopItemQuerySet:
    """Those of `items` that a person has something to do about now; a doubt that the next list settles is none."""
    return standing_as(_may_wait(items), *TO_DO)


def _may_wait(items: StopItemQuerySet) -> StopItemQuerySet:
    """Those of `items` that can wait for a person: told without asking for the standing of each, which costs more."""
    there = Q(connection__status__in=STOPPABLE_STATUSES)
    settled_by_itself = Q(connection__status=ConnectionStatus.UNKNOWN, verdict="", account__held_at=None)
    may = Q(verdict=Verdict.CAME_BACK) | Q(verdict_why=UnverifiedReason.NOT_LISTED) | there
    return items.troubled().filter(may).exclude(verdict=Verdict.CONFIRMED_GONE).exclude(settled_by_itself)


def read_left(run: StopRun) -> Left:
    """What `run`, a started one, has left. One query, two where there are very many different answers."""
    items = run.items.filter(Q(pk__in=run.items.troubled().values("pk")) | Q(state=ItemState.CANCELLED))
    groups = _grouped(items, "upstream_reason")
    return Left(groups if len(groups) <= MOST_WORDINGS else _grouped(items))


def _grouped(items: StopItemQuerySet, *reason: str) -> list[Group]:
    names = ("state", "verdict", "upstream_status", "standing", *reason)
    rows = with_standing(items).order_by().values(*names).annotate(count=Count("pk"))[: MOST_WORDINGS + 1]
    return [
        Group(
            row["state"],
            row["verdict"],
            row["upstream_status"],
            row.get("upstream_reason"),
            row["standing"],
            row["count"],
        )
        for row in rows
    ]


def standings_by_run(runs: StopRunQuerySet) -> Any:
    """What may wait for somebody of `runs`, as rows of a run's key, a standing, and how many stand so.

    Standings that are not in TO_DO are among them: to ask for them twice, in a condition too, takes twice as long.
    """
    items: Any = with_standing(_may_wait(StopItem.objects.in_runs(runs.started())))
    return items.order_by().values_list("run", "standing").annotate(count=Count("pk"))


def handlers(run: StopRun) -> StopRunQuerySet:
    """The later runs that have, or had, what `run` left; the first of them first."""
    left = run.items.troubled()
    keys = left.filter(verdict=Verdict.CAME_BACK).annotate(key=Lower("came_back_as")).values("key")
    same = Q(connection__in=left.values("connection"))
    items = StopItem.objects.covered().filter(same | Q(connection__connection_key__in=keys))
    later = StopRun.objects.started().filter(started_at__gt=run.started_at, pk__in=items.values("run"))
    return later.order_by("started_at", "pk")
