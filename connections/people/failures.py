"""Failures as the history is told of them: the first by themselves, the rest of a minute in sums.

A line can never be removed, and anybody may fail: without a bound a stranger could fill the history.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Sum

from connections.audit.append import Entry, append, timestamp
from connections.audit.origin import Origin
from connections.models import FailedSignIns

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_OF_ONE = 3
"""Lines of their own for one name from one address in a minute."""
MOST_OF_ALL = 20
"""Lines of their own for everybody in a minute; and sums for single names and addresses, before the rest is one."""
MOST_KEPT = 200
KEPT_FOR = timedelta(seconds=5)


class Failure(NamedTuple):
    """`action`: that of its line. `name`: as it was typed; "": more names than are kept apart."""

    action: str
    name: str
    address: str


def has_own_line(failure: Failure, now: datetime) -> bool:
    """Count one that was tried. False: it is told with the minute's sum, and by no line of its own."""
    minute = _minute(now)
    with transaction.atomic():
        row = _row(minute, failure)
        told = FailedSignIns.objects.filter(minute=minute).aggregate(told=Sum("told"))["told"] or 0
        alone = row.told < MOST_OF_ONE and told < MOST_OF_ALL
        column = "told" if alone else "more"
        FailedSignIns.objects.filter(pk=row.pk).update(**{column: F(column) + 1})
    return alone


class _Refused:
    """What was refused untried, gathered for some seconds: a flood of it must not become a flood of writes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Counter[Failure] = Counter()
        self._due: datetime | None = None

    def add(self, failure: Failure, now: datetime) -> Mapping[Failure, int]:
        """Keep `failure`; what is kept so far when it is time to write it down, else nothing."""
        with self._lock:
            if failure not in self._kept and len(self._kept) >= MOST_KEPT:
                failure = Failure(failure.action, "", "")
            self._kept[failure] += 1
            if self._due is not None and now < self._due:
                return {}
            self._due = now + KEPT_FOR
            kept, self._kept = self._kept, Counter()
            return kept


_refused = _Refused()


def refused(failure: Failure, now: datetime) -> None:
    """Count one that was not even tried. What a process was told within its last seconds may be missing in the sum."""
    for kept, count in _refused.add(failure, now).items():
        with transaction.atomic():
            row = _row(_minute(now), kept)
            FailedSignIns.objects.filter(pk=row.pk).update(more=F("more") + count)


def tell_sums(now: datetime) -> None:
    """Append the sums of the minutes that are over."""
    with transaction.atomic():
        over = FailedSignIns.objects.filter(minute__lt=_minute(now)).select_for_update()
        rows = list(over.order_by("minute", "-more", "pk"))
        lines = [
            line
            for minute, of_minute in groupby(rows, lambda row: row.minute)
            for line in _sums(minute, list(of_minute))
        ]
        FailedSignIns.objects.filter(pk__in=[row.pk for row in rows]).delete()
        if lines:
            append(lines)


def _sums(minute: datetime, rows: list[FailedSignIns]) -> list[Entry]:
    """The lines for `rows` of one minute, most failures first."""
    many = [row for row in rows if row.more]
    single, rest = many[:MOST_OF_ALL], many[MOST_OF_ALL:]
    lines = [_sum(row.action, row.address, minute, failures=row.more, name=row.name) for row in single]
    for action in sorted({row.action for row in rest}):
        others = [row for row in rest if row.action == action]
        facts = {"failures": sum(row.more for row in others), "names": len({row.name for row in others})}
        lines.append(_sum(action, "", minute, **facts, addresses=len({row.address for row in others})))
    return lines


def _sum(action: str, address: str, minute: datetime, **facts: Any) -> Entry:
    name = facts.get("name", "")
    actor = User.objects.filter(username=name).first() if name else None
    return Entry(action, Origin("web", client_ip=address), actor=actor, facts={"minute": timestamp(minute), **facts})


def _row(minute: datetime, failure: Failure) -> FailedSignIns:
    """The row of `failure` in `minute`, locked."""
    key = {"minute": minute, **failure._asdict()}
    FailedSignIns.objects.bulk_create([FailedSignIns(**key)], ignore_conflicts=True)
    return FailedSignIns.objects.select_for_update().get(**key)


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
