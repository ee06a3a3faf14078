"""Verdicts: what a complete list, asked for after the answer, says of an item. They stand beside its outcome.

Order in the audit decides what came after what, not two hosts' clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from connections.audit.append import Entry, Origin, append
from connections.live.reconcile import in_scope
from connections.models import Account, AuditEvent, Connection, StopItem
from connections.models.states import OUTCOMES, ConnectionStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.remoteit import SessionList

WORKER = Origin("worker")
Place = tuple[str, str]
"""A service and a person: who opens the same again has come back."""
Said = tuple[str, Verdict, str, str, int | None]
"""The verdict before and the new one, why, as what it came back and after how many seconds."""
CHUNK = 500
WATCH = timedelta(minutes=2)
"""How long after its answer a connection that is gone is watched for coming back."""
GIVE_UP = timedelta(minutes=5)
"""How long after its answer an item waits for a list that can settle it."""


@dataclass(frozen=True)
class Finding:
    """A verdict for one item, why, and when and as what it came back."""

    item: StopItem
    verdict: Verdict
    why: str = ""
    came_back_as: str = ""
    came_back_after_s: int | None = None


def wants_verdict() -> Q:
    """Items whose verdict a list can still give or change."""
    now = timezone.now()
    watched = Q(verdict=Verdict.CONFIRMED_GONE, answered_at__gte=now - WATCH)
    return Q(state__in=OUTCOMES) & (Q(verdict="") | watched)


def verify(account: Account, listed: SessionList, *, asked_seq: int, read_seq: int) -> int:
    """Give the items of `account` their verdicts by a complete list; returns how many got one.

    `asked_seq`, `read_seq`: the places in the audit at which the list was asked for and read.
    """
    present = {session.id.lower() for session in listed.sessions if session.proxy}
    given = 0
    for items in _chunks(account):
        answered = _answered_seqs(items)
        settled = [item for item in items if answered.get(item.pk, asked_seq) < asked_seq]
        newcomers = _newcomers(account, present, min(answered.values(), default=asked_seq))
        findings = [
            find(item, answered[item.pk], present, newcomers, asked_seq=asked_seq)
            if in_scope(item.connection, listed)
            else _find_nothing(item)
            for item in settled
        ]
        given += record(account, [finding for finding in findings if finding], read_seq)
    return given


def find(
    item: StopItem,
    answered_seq: int,
    present: set[str],
    newcomers: dict[Place, list[Connection]],
    *,
    asked_seq: int,
) -> Finding | None:
    """What a complete list says of one item; None when that is no news.

    `present`: the keys it holds. `newcomers`: what it holds and no list showed before the answer.
    """
    connection = item.connection
    if connection.connection_key in present:
        return None if item.verdict else Finding(item, Verdict.STILL_ALIVE)
    if connection.listed_seq is None or connection.listed_seq >= asked_seq:
        return None if item.verdict else Finding(item, Verdict.UNVERIFIED, "never_listed")
    for newcomer in newcomers.get(_place(connection), []):
        if newcomer.seen_seq is not None and newcomer.seen_seq > answered_seq:
            after = _seconds_after(item, newcomer)
            return Finding(item, Verdict.CAME_BACK, came_back_as=newcomer.connection_id, came_back_after_s=after)
    return None if item.verdict else Finding(item, Verdict.CONFIRMED_GONE)


def give_up(account: Account, why: str, read_seq: int | None) -> int:
    """Call unverified what has waited long enough for a list that could settle it. Returns how many."""
    waiting = StopItem.objects.filter(
        account=account, verdict="", state__in=OUTCOMES, answered_at__lt=timezone.now() - GIVE_UP
    )
    given = 0
    while items := list(waiting.select_related("connection").prefetch_related("run__user")[:CHUNK]):
        given += record(account, [Finding(item, Verdict.UNVERIFIED, why) for item in items], read_seq)
    return given


def _find_nothing(item: StopItem) -> Finding | None:
    """What a list says that doesn't cover where the item's connection was: after a while, that none settles it."""
    waits = item.answered_at is not None and item.answered_at > timezone.now() - GIVE_UP
    return None if item.verdict or waits else Finding(item, Verdict.UNVERIFIED, "not_listed")


def record(account: Account, findings: Iterable[Finding], read_seq: int | None) -> int:
    """Write verdicts, what they say of the connections, and their audit lines, in one transaction."""
    with transaction.atomic():
        news = _still_news(list(findings))
        for said, group in _by_what_they_say(news).items():
            was, verdict, why, came_back_as, came_back_after_s = said
            StopItem.objects.filter(pk__in=[finding.item.pk for finding in group], verdict=was).update(
                verdict=verdict,
                verdict_why=why,
                verdict_at=timezone.now(),
                verdict_seq=read_seq,
                came_back_as=came_back_as,
                came_back_after_s=came_back_after_s,
            )
            _settle_connections([finding.item.connection_id for finding in group], verdict)
        if news:
            append([_line(account, finding, read_seq) for finding in news])
    return len(news)


def _still_news(findings: list[Finding]) -> list[Finding]:
    """Those whose item has the verdict that it had when it was judged; locked, until the transaction ends."""
    items = StopItem.objects.select_for_update(no_key=True).filter(pk__in=[finding.item.pk for finding in findings])
    now = dict(items.order_by("pk").values_list("pk", "verdict"))
    return [finding for finding in findings if now.get(finding.item.pk) == finding.item.verdict]


def _by_what_they_say(findings: list[Finding]) -> dict[Said, list[Finding]]:
    """One UPDATE serves all that say the same."""
    groups: dict[Said, list[Finding]] = {}
    for one in findings:
        said = (one.item.verdict, one.verdict, one.why, one.came_back_as, one.came_back_after_s)
        groups.setdefault(said, []).append(one)
    return groups


def _settle_connections(pks: list[int], verdict: Verdict) -> None:
    # Only what these items' answers left behind is settled: another run may have the connection by now.
    records = Connection.objects.filter(pk__in=pks)
    if verdict == Verdict.STILL_ALIVE:
        records.filter(status__in=(ConnectionStatus.STOPPED, ConnectionStatus.UNKNOWN)).update(
            status=ConnectionStatus.ACTIVE, status_at=timezone.now()
        )
    elif verdict in (Verdict.CONFIRMED_GONE, Verdict.CAME_BACK):
        records.filter(status=ConnectionStatus.UNKNOWN).update(
            status=ConnectionStatus.STOPPED, status_at=timezone.now()
        )


def _line(account: Account, finding: Finding, read_seq: int | None) -> Entry:
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


def _chunks(account: Account) -> Iterable[list[StopItem]]:
    wanted = StopItem.objects.filter(wants_verdict(), account=account).order_by("pk")
    last = 0
    while items := list(wanted.filter(pk__gt=last).select_related("connection").prefetch_related("run__user")[:CHUNK]):
        yield items
        last = items[-1].pk


def _answered_seqs(items: list[StopItem]) -> dict[int, int]:
    """The place in the audit of each item's last answer."""
    lines = AuditEvent.objects.filter(
        action="stop.answered",
        run__in={item.run_id for item in items},
        connection__in=[item.connection_id for item in items],
    )
    rows = lines.order_by().values_list("run_id", "connection_id").annotate(Max("seq"))
    seqs = {(run_id, connection_id): seq for run_id, connection_id, seq in rows}
    places = {item.pk: (item.run_id, item.connection_id) for item in items}
    return {pk: seqs[place] for pk, place in places.items() if place in seqs}


def _newcomers(account: Account, present: set[str], since_seq: int) -> dict[Place, list[Connection]]:
    """What was first seen in a list asked for after `since_seq` and is in this one, by place."""
    found: dict[Place, list[Connection]] = {}
    for connection in Connection.objects.filter(account=account, seen_seq__gt=since_seq).order_by("seen_seq", "pk"):
        if connection.connection_key in present:
            found.setdefault(_place(connection), []).append(connection)
    return found


def _place(connection: Connection) -> Place:
    return connection.device_address.lower(), connection.opened_by


def _seconds_after(item: StopItem, newcomer: Connection) -> int:
    """How many seconds after the item's answer the newcomer was opened, as remote.it's clock tells it; at least 0."""
    if newcomer.opened_at is None or item.answered_at is None:
        return 0
    return max(round((newcomer.opened_at - item.answered_at).total_seconds()), 0)
