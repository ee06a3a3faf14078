"""The lists that verdicts rest on, as the audit tells of them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from connections.models import Account, AuditEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.models import StopRun

LAST_LISTS = 20


@dataclass(frozen=True)
class ListRead:
    """One reading of an account's list. What had its answer before `asked_at` can be judged by it, when `complete`."""

    seq: int
    account: str
    asked_at: datetime
    read_at: datetime
    complete: bool
    why: str
    sessions: int
    upstream_status: int | None


@dataclass
class Basis:
    """What a run's verdicts about one account's connections rest on: one list, and what it said of how many."""

    account: Account
    read: ListRead
    verdicts: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.verdicts.total()


def lists_read(seqs: Iterable[int]) -> dict[int, ListRead]:
    """The lists whose `list.read` lines stand at `seqs`, by that place. Two queries."""
    read = AuditEvent.objects.filter(pk__in=set(seqs), action="list.read")
    told = [(event, json.loads(event.body)) for event in read]
    asked = dict(
        AuditEvent.objects.filter(pk__in={facts["list_seq"] for _, facts in told}).values_list("pk", "at")
        if told
        else ()
    )
    return {event.seq: _list_read(event, facts, asked) for event, facts in told}


def last_bases(run: StopRun) -> tuple[list[Basis], int]:
    """What the verdicts of `run` rest on, by account, the newest list first; and how many earlier are left out."""
    counts: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    rows = run.items.filter(verdict_seq__isnull=False).order_by().values_list("account", "verdict_seq", "verdict")
    for account_id, seq, verdict, count in rows.annotate(count=Count("pk")):
        counts[account_id, seq][verdict] += count
    last = sorted(counts, key=lambda key: key[1], reverse=True)[:LAST_LISTS]
    read = lists_read(seq for _, seq in last)
    accounts = Account.objects.in_bulk({account_id for account_id, _ in last})
    bases = [Basis(accounts[pk], read[seq], counts[pk, seq]) for pk, seq in last if seq in read]
    return sorted(bases, key=lambda basis: basis.account.name), len(counts) - len(last)


def _list_read(event: AuditEvent, facts: dict[str, Any], asked: dict[int, datetime]) -> ListRead:
    return ListRead(
        seq=event.seq,
        account=str(facts.get("account", "")),
        asked_at=asked.get(facts["list_seq"], event.at),
        read_at=event.at,
        complete=facts["complete"],
        why=str(facts.get("why", "")),
        sessions=facts["sessions"],
        upstream_status=facts.get("upstream_status"),
    )
