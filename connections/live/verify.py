"""Verdicts: what a complete list, asked for after the answer, says of an item. They stand beside its outcome.

Order in the audit decides what came after what, not two hosts' clocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from connections.audit.append import Entry, Origin, append
from connections.live.compare import chunks, in_scope
from connections.live.findings import Finding, find, place_of
from connections.live.order import not_answered_since
from connections.models import Account, AuditEvent, Connection, StopItem
from connections.models.accounts import lock_accounts
from connections.models.states import ConnectionStatus, ItemState, UnverifiedReason, Verdict

if TYPE_CHECKING:
    from connections.live.findings import Newcomers
    from connections.models.runs import StopItemQuerySet
    from connections.remoteit import SessionList

WORKER = Origin("worker")
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
    "verdict",
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


def verify(account: Account, listed: SessionList, *, asked_seq: int, read_seq: int) -> int:
    """Give the items of `account` their verdicts by a complete list; returns how many got one.

    `asked_seq`, `read_seq`: the places in the audit at which the list was asked for and read.
    """
    present = {session.id.lower() for session in listed.sessions}
    newcomers = _NewcomersSince(account, present)
    given = 0
    for items in _verifiable(account):
        answered = _answered_seqs(items)
        settled = [item for item in items if answered.get(item.pk, asked_seq) < asked_seq]
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
    waiting = verifiable(account)[0].filter(answered_at__lt=timezone.now() - GIVE_UP).order_by("pk")
    given = 0
    while items := list(waiting.select_related("connection").prefetch_related("run__user")[:CHUNK]):
        findings = [Finding(item, Verdict.UNVERIFIED, why) for item in items]
        given += record(account, findings, asked_seq=read_seq, read_seq=read_seq)
    return given


def _find_nothing(item: StopItem) -> Finding | None:
    """What a list says that doesn't cover where the item's connection was: after a while, that none settles it."""
    waits = item.answered_at is not None and item.answered_at > timezone.now() - GIVE_UP
    return None if item.verdict or waits else Finding(item, Verdict.UNVERIFIED, UnverifiedReason.NOT_COVERED)


def record(account: Account, findings: list[Finding], *, asked_seq: int, read_seq: int) -> int:
    """Write verdicts, what they say of the connections, and their audit lines, in one transaction."""
    news = []
    with transaction.atomic():
        lock_accounts([account.pk])
        for group in _by_what_they_say(findings):
            told = _write(group, read_seq)
            _settle_connections(told, asked_seq)
            news += told
        if news:
            append([_line(account, finding, read_seq) for finding in news])
    return len(news)


def _write(group: list[Finding], read_seq: int) -> list[Finding]:
    """Write one verdict for the items of `group`; returns those that still had the one with which they were judged."""
    one = group[0]
    items = StopItem.objects.filter(pk__in=[finding.item.pk for finding in group])
    written = items.filter(verdict=one.item.verdict).update(
        verdict=one.verdict,
        verdict_why=one.why,
        verdict_at=timezone.now(),
        verdict_seq=read_seq,
        came_back_as=one.came_back_as,
        came_back_after_s=one.came_back_after_s,
    )
    if written == len(group):
        return group
    by_this_list = set(items.filter(verdict=one.verdict, verdict_seq=read_seq).values_list("pk", flat=True))
    return [finding for finding in group if finding.item.pk in by_this_list]


def _by_what_they_say(findings: list[Finding]) -> Iterable[list[Finding]]:
    """One UPDATE serves all that say the same of items that had the same verdict."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for one in findings:
        said = (one.item.verdict, one.verdict, one.why, one.came_back_as, one.came_back_after_s)
        groups.setdefault(said, []).append(one)
    return groups.values()


def _settle_connections(told: list[Finding], asked_seq: int) -> None:
    """Let the connections be what one verdict says, unless another answer came since the list was asked for.

    Only what these items' answers left behind is settled: another run may have the connection by now.
    """
    if not told:
        return
    verdict, now = told[0].verdict, timezone.now()
    records = Connection.objects.filter(pk__in=[finding.item.connection_id for finding in told])
    records = not_answered_since(records, asked_seq)
    if verdict == Verdict.STILL_ALIVE:
        records.still(ConnectionStatus.STOPPED, ConnectionStatus.UNKNOWN).update(
            status=ConnectionStatus.ACTIVE, status_at=now
        )
    elif verdict in (Verdict.CONFIRMED_GONE, Verdict.CAME_BACK):
        records.still(ConnectionStatus.UNKNOWN).update(status=ConnectionStatus.STOPPED, status_at=now)
        # It was held for alive by a list that lagged behind our stop.
        lagged = [one.item.connection_id for one in told if _was_cut_by_us_after_all(one)]
        records.filter(pk__in=lagged).still(ConnectionStatus.ACTIVE).update(
            status=ConnectionStatus.STOPPED, status_at=now, absent_seq=None
        )


def _was_cut_by_us_after_all(finding: Finding) -> bool:
    item = finding.item
    return item.verdict == Verdict.STILL_ALIVE and item.state in (ItemState.STOPPED, ItemState.UNKNOWN)


def _line(account: Account, finding: Finding, read_seq: int) -> Entry:
    item = finding.item
    return Entry(
        "stop.verified",
        WORKER,
        actor=item.run.user,
        account=account,
        connection=item.connection,
        run=item.run,
        facts={
            "item_id": item.pk,
            "outcome": item.state,
            "verdict": str(finding.verdict),
            "why": finding.why,
            "list_seq": read_seq,
            "came_back_as": finding.came_back_as,
            "came_back_after_s": finding.came_back_after_s,
        },
    )


def _verifiable(account: Account) -> Iterator[list[StopItem]]:
    pks = sorted({pk for items in verifiable(account) for pk in items.values_list("pk", flat=True)})
    for part in chunks(pks, CHUNK):
        items = StopItem.objects.filter(pk__in=part).order_by("pk").only(*READ)
        yield list(items.select_related("connection").prefetch_related("run__user"))


def _answered_seqs(items: list[StopItem]) -> dict[int, int]:
    """The place in the audit of each item's last answer."""
    # Not narrowed to the runs: PostgreSQL might read all lines of a run for each thousand of its items.
    lines = AuditEvent.objects.filter(action="stop.answered", connection__in=[item.connection_id for item in items])
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
