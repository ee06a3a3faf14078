"""Writing verdicts down: beside the outcomes, with what they say of the connections, and a line of history for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.live.order import not_answered_since
from connections.models import Connection, StopItem
from connections.models.accounts import lock_accounts
from connections.models.states import GONE, ConnectionStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.live.verdicts.findings import Finding
    from connections.models import Account


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
    elif verdict in GONE:
        records.still(ConnectionStatus.UNKNOWN).update(status=ConnectionStatus.STOPPED, status_at=now)
        # It was held for alive by a list that lagged behind our stop.
        lagged = [one.item.connection_id for one in told if _was_cut_by_us_after_all(one)]
        records.filter(pk__in=lagged).still(ConnectionStatus.ACTIVE).update(
            status=ConnectionStatus.STOPPED, status_at=now, absent_seq=None
        )


def _was_cut_by_us_after_all(finding: Finding) -> bool:
    return finding.item.verdict == Verdict.STILL_ALIVE and finding.item.may_have_cut_it


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
            "verdict_before": item.verdict,
            "why": finding.why,
            "list_seq": read_seq,
            "came_back_as": finding.came_back_as,
            "came_back_after_s": finding.came_back_after_s,
        },
    )
