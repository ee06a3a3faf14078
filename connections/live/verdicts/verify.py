"""Verdicts: what a complete list, asked for after the answer, says of an item. They stand beside its outcome.

Order in the audit decides what came after what, not two hosts' clocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Max
from django.utils import timezone

from connections.live.compare import chunks, in_scope
from connections.live.verdicts.findings import Finding, find, place_of
from connections.live.verdicts.record import record
from connections.models import Account, AuditEvent, Connection, StopItem
from connections.models.states import OUTCOMES, UnverifiedReason, Verdict

if TYPE_CHECKING:
    from connections.live.verdicts.findings import Newcomers
    from connections.models.runs import StopItemQuerySet
    from connections.remoteit import SessionList

CHUNK = 1000
WATCH = timedelta(minutes=2)
"""How long after its answer a connection is watched: whether it comes back, or a list that lagged judged it."""
GIVE_UP = timedelta(minutes=5)
"""How long after its answer an item waits for a list that can settle it."""
TAKEN = timedelta(hours=1)
"""How long after its answer an item that came back keeps others from coming back as the same: longer than any waits."""
READ = (
    "run_id",
    "state",
    "unclear_attempt",
    "connection_was",
    "verdict",
    "verdict_seq",
    "answered_at",
    "connection__connection_id",
    "connection__connection_key",
    "connection__device_address",
    "connection__opened_by",
    "connection__list_scope",
    "connection__listed_seq",
)
"""What a verdict needs of an item: there may be a hundred thousand of them."""


def verifiable(account: Account) -> tuple[StopItemQuerySet, ...]:
    """The items whose verdict a list can still give, and then those whose verdict it can still change."""
    items = StopItem.objects.filter(account=account)
    return items.awaiting_verdict(), *items.watched_since(timezone.now() - WATCH)


def verify(
    account: Account, listed: SessionList, listed_though_cut: list[int], *, asked_seq: int, read_seq: int
) -> int:
    """Give the items of `account` their verdicts by a complete list; returns how many got one.

    `listed_though_cut`: the connections, by key, that it shows though a stop has cut them, or may have.
    `asked_seq`, `read_seq`: the places in the audit at which the list was asked for and read.
    """
    present = {session.id.lower() for session in listed.sessions}
    newcomers = _NewcomersSince(account, present)
    given = 0
    for items in _verifiable(account, listed_though_cut):
        answered, taken = _answered_seqs(items), _taken_since(items)
        settled = [
            item
            for item in items
            if answered.get(item.pk, asked_seq) < asked_seq
            and (item.verdict_seq or 0) < asked_seq
            and item.pk not in taken
        ]
        new = newcomers.since(min(answered.values(), default=asked_seq))
        findings = []
        for item in settled:
            covered = in_scope(item.connection.list_scope, listed)
            one = find(item, answered[item.pk], present, new, asked_seq=asked_seq) if covered else _find_nothing(item)
            if one is not None:
                newcomers.take(one.came_back_as)
                findings.append(one)
        given += record(account, findings, asked_seq=asked_seq, read_seq=read_seq)
    return given


def give_up(account: Account, why: str, read_seq: int) -> int:
    """Call unverified what has waited long enough for a list that could settle it. Returns how many."""
    waiting = verifiable(account)[0].filter(answered_at__lt=timezone.now() - GIVE_UP).order_by()
    given = 0
    while items := list(waiting.select_related("connection").prefetch_related("run__user")[:CHUNK]):
        findings = [Finding(item, Verdict.UNVERIFIED, why) for item in items]
        given += record(account, findings, asked_seq=read_seq, read_seq=read_seq)
    return given


def _find_nothing(item: StopItem) -> Finding | None:
    """What a list says that doesn't cover where the item's connection was: after a while, that none settles it."""
    waits = item.answered_at is not None and item.answered_at > timezone.now() - GIVE_UP
    return None if item.verdict or waits else Finding(item, Verdict.UNVERIFIED, UnverifiedReason.NOT_COVERED)


def _verifiable(account: Account, listed_though_cut: list[int]) -> Iterator[list[StopItem]]:
    wanted = {pk for items in verifiable(account) for pk in items.order_by().values_list("pk", flat=True)}
    wanted |= _last_to_cut(listed_though_cut)
    for part in chunks(sorted(wanted), CHUNK):
        items = StopItem.objects.filter(pk__in=part).order_by("pk").only(*READ)
        yield list(items.select_related("connection").prefetch_related("run__user"))


def _last_to_cut(connections: list[int]) -> set[int]:
    """The last item of each connection, where it has its outcome: whatever it was called, the list is right."""
    last: dict[int, tuple[int, str]] = {}
    for part in chunks(connections, CHUNK):
        items = StopItem.objects.covered().filter(connection__in=part).order_by("pk")
        rows = items.values_list("connection_id", "pk", "state")
        last |= {connection_id: (pk, state) for connection_id, pk, state in rows}
    return {pk for pk, state in last.values() if state in OUTCOMES}


def _taken_since(items: list[StopItem]) -> set[int]:
    """Of the items that are called still alive, those whose connection another run has, or had, since.

    It outlived their stop; what becomes of it now is told by the run that has it.
    """
    alive = {item.connection_id: item.pk for item in items if item.verdict == Verdict.STILL_ALIVE}
    covered = StopItem.objects.covered().filter(connection__in=alive).order_by()
    later = covered.values_list("connection").annotate(Max("pk"))
    return {alive[connection] for connection, last in later if last > alive[connection]}


def _answered_seqs(items: list[StopItem]) -> dict[int, int]:
    """The place in the audit of each item's last answer, or of what ended it without one."""
    # Not narrowed to the runs: PostgreSQL might read all lines of a run for each thousand of its items.
    ends = ("stop.answered", "stop.skipped")
    lines = AuditEvent.objects.filter(action__in=ends, connection__in=[item.connection_id for item in items])
    rows = lines.order_by().values_list("run_id", "connection_id").annotate(Max("seq"))
    seqs = {(run_id, connection_id): seq for run_id, connection_id, seq in rows}
    places = {item.pk: (item.run_id, item.connection_id) for item in items}
    return {pk: seqs[place] for pk, place in places.items() if place in seqs}


class _NewcomersSince:
    """What a list holds and was first seen in one asked for after some place in the audit, by service and person."""

    def __init__(self, account: Account, present: set[str]) -> None:
        needed = ("connection_id", "connection_key", "device_address", "opened_by", "opened_at", "seen_seq")
        self._seen = Connection.objects.filter(account=account).only(*needed).order_by("seen_seq", "pk")
        self._present = present
        self._since: int | None = None
        self._found: Newcomers = {}
        back = StopItem.objects.filter(
            account=account, verdict=Verdict.CAME_BACK, answered_at__gte=timezone.now() - TAKEN
        )
        self._taken = {id_.lower() for id_ in back.values_list("came_back_as", flat=True)}

    def since(self, seq: int) -> Newcomers:
        """The newcomers since `seq`, read anew only when it lies before all that was asked for so far."""
        if self._since is None or seq < self._since:
            self._since, self._found = seq, {}
            for connection in self._seen.filter(seen_seq__gt=seq).iterator(chunk_size=CHUNK):
                if connection.connection_key in self._present - self._taken:
                    self._found.setdefault(place_of(connection), []).append(connection)
        return self._found

    def take(self, id_: str) -> None:
        """Somebody came back as this one, so nobody else did; "" is nobody."""
        if id_:
            self._taken.add(id_.lower())
            for newcomers in self._found.values():
                newcomers[:] = [one for one in newcomers if one.connection_key not in self._taken]
