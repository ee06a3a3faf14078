"""The panel's side of a benchmark, in this process, on the database that the environment names."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from connections.audit.origin import Origin
from connections.live.schedule import make_due
from connections.models import Account, Connection, StopItem, StopRun
from connections.stops import plan

POLL_S = 0.1
"""How often the database is asked whether a run is over: what asking costs, the worker has not."""
STALLED_S = 120.0
ORIGIN = Origin("command")


def prepare() -> User:
    """Make the tables and somebody who may stop."""
    call_command("migrate", verbosity=0)
    return User.objects.create_superuser("bench", "bench@example.com", uuid.uuid4().hex)


def know(rows: Iterable[dict[str, str]]) -> list[int]:
    """Write down the sandbox's connections; returns their primary keys in order."""
    account = Account.objects.get_or_create(name=Account.DEFAULT)[0]
    made = [
        Connection(
            account=account,
            connection_key=row["connection_id"].lower(),
            known_by="imported",
            **{name: row[name] or None if name.endswith("_at") else row[name] for name in row},
        )
        for row in rows
    ]
    return [one.pk for one in Connection.objects.bulk_create(made, batch_size=1000)]


def wait_until_listed() -> None:
    """Have a running worker read and follow the list of open connections now, and not while something is measured."""
    account = Account.objects.get(name=Account.DEFAULT)
    since = timezone.now()
    make_due([account])
    deadline = time.monotonic() + STALLED_S
    while account.listed_at is None or account.listed_at < since or account.list_reader:
        if time.monotonic() > deadline:
            raise RuntimeError("the worker did not read the list")
        time.sleep(POLL_S)
        account.refresh_from_db()


def draft(user: User, ids: list[int]) -> StopRun:
    return plan.draft(user, Connection.objects.filter(pk__in=ids).order_by("pk"), {"all": True})


def start(run: StopRun, user: User) -> StopRun:
    return plan.start(run.key, user, reason="benchmark", origin=ORIGIN)


def wait_until_answered(run: StopRun, count: int = 0, *, poll_s: float = POLL_S) -> None:
    """Return when `count` of the run's items have their outcome (0: all), as anybody else sees the database."""
    deadline = time.monotonic() + STALLED_S
    while StopItem.objects.unfinished().filter(run=run).exists():
        if count and StopItem.objects.finished().filter(run=run).count() >= count:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"the run stalled: {dict(states(run))}")
        time.sleep(poll_s)


def states(run: StopRun) -> Counter[str]:
    return Counter(run.items.values_list("state", flat=True))


def seconds_to_stop(user: User, ids: list[int]) -> float:
    """Stop `ids` through a worker: seconds from the click to the last outcome in the database."""
    run = draft(user, ids)
    begun = time.monotonic()
    start(run, user)
    wait_until_answered(run)
    seconds = time.monotonic() - begun
    if states(run) != {"stopped": len(ids)}:
        raise RuntimeError(f"not all were stopped: {dict(states(run))}")
    return seconds
