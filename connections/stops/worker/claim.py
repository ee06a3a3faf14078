"""Taking queued items for sending: guarded, announced in the audit, and never more than can be sent at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import connection as database
from django.utils import timezone

from connections.audit.append import Entry
from connections.db.bulk import update_many, update_same
from connections.models import Account, Connection, StopItem, StopRun
from connections.models.states import STOPPABLE_STATUSES, ConnectionStatus, ItemState
from connections.stops.attempt import Claim
from connections.stops.plan import skip_reason
from connections.stops.worker.pace import take_slots, use_slots

if TYPE_CHECKING:
    from collections.abc import Collection

    from connections.models import Worker

# What a worker has to know of an item and of its connection; the rest of their fifty columns takes longer to read.
# In the order of the models' own, in which rows are made into instances.
OF_ITEM = (
    *("id", "run_id", "connection_id", "account_id", "state", "skipped_why", "connection_was", "next_call"),
    *("attempts", "limited", "unclear_attempt", "worker_id"),
)
OF_CONNECTION = ("id", "account_id", "device_address", "connection_id", "known_by", "status")
# The statements of every turn are written out: composing one takes several times as long as asking it.
NEXT_QUEUED = f"""
SELECT {", ".join(f"item.{name}" for name in OF_ITEM)}, {", ".join(f"connection.{name}" for name in OF_CONNECTION)}
FROM connections_stopitem AS item JOIN connections_connection AS connection ON connection.id = item.connection_id
WHERE item.state = 'queued' AND item.run_id = %s AND item.account_id = %s
  AND (item.not_before IS NULL OR item.not_before <= %s)
ORDER BY item.id LIMIT %s
"""  # noqa: S608 - the columns of our own tables
LOCKED = "FOR NO KEY UPDATE OF item, connection SKIP LOCKED"
SENDABLE_RUNS = """
SELECT run.id, run.taken_by_id, run.user_id, run.user_name, run.hold_id, person.id, person.username
FROM connections_stoprun AS run JOIN auth_user AS person ON person.id = COALESCE(run.taken_by_id, run.user_id)
WHERE run.id IN ({}) AND run.state = 'started' AND run.paused_at IS NULL AND run.cancelled_at IS NULL
  AND (run.not_before IS NULL OR run.not_before <= %s) AND person.is_active
  AND NOT EXISTS (SELECT 1 FROM connections_sendingpause WHERE ended_at IS NULL)
ORDER BY run.id
"""
# Steps through the index from pair to pair: a DISTINCT would read all that is queued.
PAIRS_WITH_WORK = """
WITH RECURSIVE with_queued (run_id) AS (
  SELECT MIN(run_id) FROM connections_stopitem WHERE state = 'queued'
  UNION ALL
  SELECT (SELECT MIN(run_id) FROM connections_stopitem WHERE state = 'queued' AND run_id > with_queued.run_id)
  FROM with_queued WHERE run_id IS NOT NULL
), pair (run_id, account_id) AS (
  SELECT run_id,
    (SELECT MIN(account_id) FROM connections_stopitem WHERE state = 'queued' AND run_id = with_queued.run_id)
  FROM with_queued WHERE run_id IS NOT NULL
  UNION ALL
  SELECT run_id,
    (SELECT MIN(account_id) FROM connections_stopitem
     WHERE state = 'queued' AND run_id = pair.run_id AND account_id > pair.account_id)
  FROM pair WHERE account_id IS NOT NULL
)
SELECT run_id, account_id FROM pair JOIN connections_stoprun ON connections_stoprun.id = run_id
WHERE account_id IS NOT NULL AND state = 'started' AND paused_at IS NULL AND cancelled_at IS NULL
  AND (not_before IS NULL OR not_before <= %s)
  AND NOT EXISTS (SELECT 1 FROM connections_sendingpause WHERE ended_at IS NULL)
ORDER BY run_id, account_id
"""


def pairs_with_work() -> list[tuple[int, int]]:
    """The (run, account) pairs that have something queued in a run that may be sent, oldest run first."""
    with database.cursor() as cursor:
        cursor.execute(PAIRS_WITH_WORK, [_now()])
        return list(cursor.fetchall())


def lock_runs(ids: Collection[int]) -> dict[int, StopRun]:
    """Those of the runs that may be sent now, by primary key, locked until the transaction ends.

    Whoever pauses or cancels one has done so before, or waits until what is claimed here is committed.
    """
    if not ids:
        return {}
    lock = "FOR NO KEY UPDATE OF run" if database.features.has_select_for_update_of else ""
    with database.cursor() as cursor:
        cursor.execute(SENDABLE_RUNS.format(", ".join(["%s"] * len(ids))) + lock, [*ids, _now()])
        found = cursor.fetchall()
    runs = {}
    for *of_run, person_id, username in found:
        run = StopRun.from_db(database.alias, ("id", "taken_by_id", "user_id", "user_name", "hold_id"), of_run)
        person = User.from_db(database.alias, ("id", "username"), (person_id, username))
        setattr(run, "taken_by" if run.taken_by_id else "user", person)
        runs[run.pk] = run
    return runs


def claim(account: Account, runs: list[StopRun], worker: Worker, to_claim: int) -> tuple[list[Claim], list[Entry]]:
    """Claim up to `to_claim` items, as many as the account's rate leaves free, in equal shares for its runs.

    Runs in a transaction that holds the locks of account and runs, so that it holds across all workers. Returns the
    claims and the audit lines, `stop.sent` for each: they have to be committed before anything is sent. What is not
    open any more is skipped and has its line, too.
    """
    slots, now = take_slots(account, to_claim), time.monotonic()
    items: list[StopItem] = []
    for position, run in enumerate(runs):
        share = -(-(len(slots.delays) - len(items)) // (len(runs) - position))
        if share > 0:
            items.extend(_next_queued(run, account, share))
    if not items:
        return [], []
    held = [item for item in items if item.connection_was]
    claimed = held + _take_connections([item for item in items if not item.connection_was])
    _mark_sending(claimed, worker)
    use_slots(account, slots, len(claimed))
    claims = [Claim(item, now + delay) for item, delay in zip(claimed, slots.delays, strict=False)]
    skipped = [
        Claim(item).entry("stop.skipped", attempt=None, why=item.skipped_why) for item in items if item.skipped_why
    ]
    return claims, skipped + [one.entry("stop.sent", at=one.item.sent_at, call=one.call) for one in claims]


def _now() -> Any:
    return database.ops.adapt_datetimefield_value(timezone.now())


def _next_queued(run: StopRun, account: Account, count: int) -> list[StopItem]:
    lock = LOCKED if database.features.has_select_for_update_skip_locked else ""
    found = []
    with database.cursor() as cursor:
        cursor.execute(NEXT_QUEUED + lock, [run.pk, account.pk, _now(), count])
        for row in cursor.fetchall():
            item = StopItem.from_db(database.alias, OF_ITEM, row[: len(OF_ITEM)])
            item.run, item.account = run, account
            item.connection = Connection.from_db(database.alias, OF_CONNECTION, row[len(OF_ITEM) :])
            found.append(item)
    return found


def _take_connections(items: list[StopItem]) -> list[StopItem]:
    """Move the items' connections to `stopping`; items whose connection can't be stopped any more are skipped."""
    taken: dict[int, StopItem] = {}
    for item in items:
        # Two items of one batch can name the same connection, in two runs: the second finds it taken.
        status = ConnectionStatus.STOPPING if item.connection_id in taken else item.connection.status
        why = skip_reason(status, is_held=False)
        if why:
            item.skipped_why = why
        else:
            item.connection_was = status
            taken[item.connection_id] = item
    for why in {item.skipped_why for item in items} - {""}:
        skipped = [item.pk for item in items if item.skipped_why == why]
        after: dict[str, object] = {"state": ItemState.SKIPPED, "skipped_why": why}
        update_same(StopItem, skipped, after, still={"state": [ItemState.QUEUED]})
    if taken:
        now = {"status": ConnectionStatus.STOPPING, "status_at": timezone.now()}
        update_same(Connection, taken, now, still={"status": STOPPABLE_STATUSES})
    return [*taken.values()]


def _mark_sending(items: list[StopItem], worker: Worker) -> None:
    now = timezone.now()
    rows: list[tuple[dict[str, object], dict[str, object]]] = []
    for item in items:
        before = {"pk": item.pk, "state": ItemState.QUEUED, "attempts": item.attempts}
        item.state, item.worker, item.sent_at = ItemState.SENDING, worker, now
        item.attempts += 1
        after = {"state": item.state, "worker_id": worker.pk, "sent_at": now, "attempts": item.attempts}
        rows.append(({**after, "connection_was": item.connection_was, "not_before": None}, before))
    moved = update_many(StopItem, rows) if rows else 0
    if moved != len(items):
        raise RuntimeError(f"{len(items) - moved} items were claimed by somebody else under our lock")
