"""A history of any length, written by the panel's own `append`: runs as a worker tells them, and people's sign-ins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER, Origin
from connections.models import Account, Connection, StopItem, StopRun
from connections.stops.plan import frozen_list_sha256

CHUNK = 5000
RUN_SIZE = 100
LINES_PER_RUN = 3 * RUN_SIZE + 1
WEB = Origin("web", client_ip="198.51.100.7", user_agent="Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0")
FATES = [("stopped", "confirmed_gone")] * 17 + [
    ("refused", "still_alive"),
    ("unknown", "unverified"),
    ("stopped", "unverified"),
]


def know(count: int) -> list[Connection]:
    account = Account.objects.get_or_create(name=Account.DEFAULT)[0]
    made = (
        Connection(
            account=account,
            device_address=f"80:00:00:00:{n >> 24 & 255:02X}:{n >> 16 & 255:02X}:{n >> 8 & 255:02X}:{n & 255:02X}",
            connection_id=f"{n:08X}-0000-4000-8000-{n:012X}",
            connection_key=f"{n:08x}-0000-4000-8000-{n:012x}",
            device_name=f"Device {n // 4}",
            service_name="ssh",
            known_by="listed",
        )
        for n in range(count)
    )
    return Connection.objects.bulk_create(made, batch_size=1000)


def write(lines: Iterable[Entry]) -> None:
    """Append `lines`, many in a transaction."""
    for part in parts(lines, CHUNK):
        with transaction.atomic():
            append(part)


def parts(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(rows)
    while part := list(islice(rest, size)):
        yield part


def runs(user: User, connections: list[Connection], count: int) -> Iterator[Entry]:
    """The lines of so many runs of `user`, each with its items: asked for, sent, answered, verified."""
    for number in range(count):
        first = number * RUN_SIZE % max(len(connections) - RUN_SIZE, 1)
        yield from _run(user, connections[first : first + RUN_SIZE], number)


def _run(user: User, covered: list[Connection], number: int) -> Iterator[Entry]:
    now = timezone.now()
    reason = f"Vendor key {number} leaked"
    run = StopRun.objects.create(
        user=user, user_name=user.username, state="started", started_at=now, reason=reason, ticket=f"INC-{number}"
    )
    facts = {"attempts": 1, "sent_at": now, "answered_at": now, "took_ms": 112, "upstream_status": 200}
    items = []
    for place, one in enumerate(covered):
        state, verdict = FATES[place % len(FATES)]
        why = "not_covered" if verdict == "unverified" else ""
        fate = {"state": state, "verdict": verdict, "verdict_why": why}
        items.append(StopItem(run=run, connection=one, account=one.account, **fate, **facts))
    StopItem.objects.bulk_create(items)
    run.list_sha256 = frozen_list_sha256(run)
    run.save(update_fields=("list_sha256",))
    asked = {"reason": reason, "ticket": run.ticket, "list_sha256": run.list_sha256, "count": len(items), "skipped": 0}
    yield Entry("stop.requested", WEB, user, run=run, at=now, facts=asked)
    for item in items:
        yield from told(user, run, item)


def told(user: User, run: StopRun, item: StopItem) -> list[Entry]:
    """What a worker tells of one connection of a run."""
    common = {"actor": user, "account": item.account, "connection": item.connection, "run": run, "at": item.sent_at}
    answer = {"outcome": item.state, "item_outcome": item.state, "upstream_status": 200, "took_ms": 112}
    verdict = {"verdict": item.verdict, "why": item.verdict_why}
    return [
        Entry("stop.sent", WORKER, **common, facts={"item_id": item.pk, "attempt": 1, "call": "rest"}),
        Entry("stop.answered", WORKER, **common, facts={"item_id": item.pk, "attempt": 1, **answer}),
        Entry("stop.verified", WORKER, **common, facts={"item_id": item.pk, **verdict}),
    ]


def sign_ins(user: User, count: int) -> Iterator[Entry]:
    return (Entry("user.signed_in", WEB, user) for _ in range(count))
