"""The worker's loop: record what arrived, claim what is free, commit, send.

One thread writes, in batches; the sending threads of each account never touch the database. What was claimed in
a turn is sent only after the turn's transaction, with its `stop.sent` lines, is committed.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from connections.audit.append import append
from connections.audit.checkpoints import why_file_not_writable
from connections.db.writable import NEVER_TAKEN
from connections.models import Account, Worker
from connections.models.accounts import lock_accounts
from connections.stops import reach, wakeup
from connections.stops.attempt import Answered, Claim
from connections.stops.worker.channel import Arrival, Lease, Line, SignedIn, Withdrawn
from connections.stops.worker.claim import claim, lock_runs, pairs_with_work
from connections.stops.worker.escaped import escaped
from connections.stops.worker.inbox import Inbox
from connections.stops.worker.lines import Lines
from connections.stops.worker.record import record_all, record_orphan, record_withdrawn
from connections.stops.worker.recover import recover_dead_claims
from connections.stops.worker.settle import settle_by
from connections.stops.worker.shares import take_share
from connections.stops.worker.sign_in import prepare_sign_in, record_sign_in, recover_lost_sign_ins
from connections.stops.worker.trouble import Trouble
from connections.stops.worker.withdraw import end_what_waited, go_on_cancelling, skip_what_is_not_allowed

if TYPE_CHECKING:
    from connections.audit.append import Entry
    from connections.models import StopRun

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
"""How long the loop waits for something to arrive before it looks into the database by itself."""
DATABASE_RETRY_S = 0.5
FINISH_S = 8.0
"""How long a worker that is asked to end waits for the answers to what it has sent."""

ToSend = tuple[Line, list[Claim], int]
"""What a line shall send, and how much of its account at once."""


class Drain:
    """Sends what is queued, for all runs and accounts, until it is asked to end."""

    def __init__(self) -> None:
        self.worker = Worker.objects.create(host=socket.gethostname(), pid=os.getpid(), beat_at=Now())
        self._trouble = Trouble(self.worker)
        self._inbox = Inbox()
        self._in_flight: dict[int, Claim] = {}
        self._lines = Lines(self._arrive)
        self._beat_at = self._swept_at = time.monotonic()
        self._lease = Lease(0.0)
        self._pairs: list[tuple[int, int]] = []
        self._unchecked: set[int] = set()
        self._looked_at = 0.0
        self._turns = 0
        self._workers = Worker.objects.alive().count()

    def run(self, ending: threading.Event) -> None:
        """Work until `ending` is set, then withdraw what was not sent, wait for what was, and write it all down."""
        wakeup.listeners.append(self.wake)
        try:
            while not ending.is_set():
                self.step(LOOK_EVERY_S)
            self._finish()
        finally:
            wakeup.listeners.remove(self.wake)
            self._lines.close()

    def wake(self) -> None:
        self._inbox.wake()

    def run_until_idle(self) -> None:
        """Work until nothing is queued or in flight, for tests and for one-off use; paused accounts keep their rest."""
        while pairs_with_work() or self._in_flight:
            self.step(LOOK_EVERY_S)

    def step(self, wait_s: float, *, claiming: bool = True) -> None:
        """One turn: wait at most `wait_s` for something to arrive, write it down, claim and send.

        When the database can't be written, what arrived is kept for the next turn, and nothing is sent.
        """
        if self._inbox.collect(wait_s, fill=len(self._in_flight) / settings.STOP_CONCURRENCY):
            self._looked_at = 0.0
        try:
            to_send = self._turn_escaping(claiming=claiming)
        except (DatabaseError, InterfaceError) as error:
            logger.exception("Nothing is sent while the database can't be written; trying again")
            connection.close()
            self._trouble.note(error)
            time.sleep(DATABASE_RETRY_S)
            return
        held_until = self._beat_at + settings.WORKER_LEASE_SECONDS - settings.WORKER_HEARTBEAT_SECONDS
        self._lease = self._lease.moved_on(held_until)
        for line, claims, at_once in to_send:
            self._in_flight.update((one.item.pk, one) for one in claims)
            line.send(claims, self._lease, at_once=at_once)

    def _turn_escaping(self, *, claiming: bool) -> list[ToSend]:
        """One turn. An answer that can never be written as it came is no outage: it is escaped, the others go on."""
        try:
            return self._turn(claiming=claiming)
        except NEVER_TAKEN:
            if not self._inbox.unrecorded:
                raise
            logger.exception("The database can't take what arrived as it came; writing it down one by one")
        for arrival in [*self._inbox.unrecorded]:
            try:
                self._write(arrival)
            except NEVER_TAKEN:
                self._write(escaped(arrival))
        return []

    def _write(self, arrival: Arrival) -> None:
        """Write the first of what is unrecorded, `arrival`, by itself."""
        with transaction.atomic():
            append(self._record_all([arrival], lock_accounts([arrival.account_id])))
        self._committed([arrival], self._swept_at, sweep=False)

    def _turn(self, *, claiming: bool) -> list[ToSend]:
        now = time.monotonic()
        beat = now - self._beat_at >= settings.WORKER_HEARTBEAT_SECONDS
        sweep = now - self._swept_at >= settings.WORKER_HEARTBEAT_SECONDS / 2
        pairs = self._look(now) if claiming else []
        if not (self._inbox.unrecorded or pairs or beat or sweep):
            return []
        if beat:
            # By itself: it must not wait behind the locks of others. Whoever held us for dead is told otherwise.
            signs = {"beat_at": Now(), "ended_at": None, "files_failure": why_file_not_writable()}
            Worker.objects.filter(pk=self.worker.pk).update(**signs)
            self._beat_at = now
        if sweep:
            # Not after the claims are committed: breaking off there, what they announced would not be sent.
            go_on_cancelling()
            end_what_waited()
            self._workers = Worker.objects.alive().count()
            self._unchecked = skip_what_is_not_allowed({run_id for run_id, _ in pairs})
        pairs = [pair for pair in pairs if pair[0] not in self._unchecked]
        arrivals = list(self._inbox.unrecorded)
        with transaction.atomic():
            waiting = self._lines.waiting() if sweep else set()
            accounts = lock_accounts(waiting | {one.account_id for one in arrivals} | {key for _, key in pairs})
            runs = lock_runs({run_id for run_id, _ in pairs})
            entries = self._record_all(arrivals, accounts)
            if sweep:
                entries += recover_dead_claims(self.worker, {*self._in_flight}) + recover_lost_sign_ins()
            to_send, announced = self._claim(pairs, accounts, runs)
            if entries or announced:
                append(entries + announced)
        self._committed(arrivals, now, sweep=sweep)
        return to_send

    def _look(self, now: float) -> list[tuple[int, int]]:
        """The (run, account) pairs with work, not looked up every turn: over 100,000 queued items it takes longer."""
        if now - self._looked_at >= LOOK_EVERY_S:
            self._pairs = pairs_with_work()
            self._looked_at = now
        return self._pairs

    def _committed(self, arrivals: list[Arrival], now: float, *, sweep: bool) -> None:
        del self._inbox.unrecorded[: len(arrivals)]
        for arrival in arrivals:
            # A late answer must not hide the attempt that this worker has made at the same item since.
            if not isinstance(arrival, SignedIn) and self._in_flight.get(arrival.claim.item.pk) is arrival.claim:
                del self._in_flight[arrival.claim.item.pk]
        self._swept_at = now if sweep else self._swept_at
        self._trouble.is_over()

    def _record_all(self, arrivals: list[Arrival], accounts: dict[int, Account]) -> list[Entry]:
        answered = [one for one in arrivals if isinstance(one, Answered)]
        reach.note_all(accounts, answered)
        settled = [settle_by(self._lines[one.account_id], accounts[one.account_id], one) for one in answered]
        entries = record_all(settled) if settled else []
        for one in arrivals:
            if isinstance(one, Withdrawn):
                entries += record_withdrawn(one.claim, one.why)
            elif isinstance(one, SignedIn):
                entries += record_sign_in(self._lines[one.account_id], accounts[one.account_id], one, self.worker)
        return entries

    def _claim(
        self, pairs: list[tuple[int, int]], accounts: dict[int, Account], sendable: dict[int, StopRun]
    ) -> tuple[list[ToSend], list[Entry]]:
        to_send, announced = [], []
        self._turns += 1
        for account in accounts.values():
            runs = [sendable[run_id] for run_id, account_id in pairs if account_id == account.pk and run_id in sendable]
            rests = account.is_paused(timezone.now()) or reach.has_to_wait(account)
            line = None if rests else self._lines.of(account)
            if line is None or line.signing_in or not runs:
                continue
            reach.put_off_next_try(account)
            if line.needs_sign_in or line.wants_probe:
                entries = prepare_sign_in(line, account, self.worker)
                if entries is not None:
                    announced += entries
                    continue
            first = self._turns % len(runs)
            share = take_share(account, self.worker, line.threads, workers=self._workers)
            most = reach.to_claim(account, share.to_claim)
            claims, entries = claim(account, runs[first:] + runs[:first], self.worker, most)
            to_send.append((line, claims, share.at_once))
            announced += entries
        return to_send, announced

    def _arrive(self, arrival: Arrival) -> None:
        self._inbox.put(arrival, at_once=isinstance(arrival, Answered) and self._is_last_of_its_run(arrival.claim))

    def _is_last_of_its_run(self, claim: Claim) -> bool:
        """Whether nothing else of its run is in flight: then somebody may be waiting for just this answer."""
        return not any(one.item.run_id == claim.item.run_id and one is not claim for one in [*self._in_flight.values()])

    def _finish(self) -> None:
        self._lines.withdraw_waiting("the worker was asked to end")
        deadline = time.monotonic() + FINISH_S
        while self._is_awaiting() and time.monotonic() < deadline:
            self.step(LOOK_EVERY_S, claiming=False)
        arrived = {one.claim.item.pk for one in self._inbox.unrecorded if not isinstance(one, SignedIn)}
        with transaction.atomic():
            accounts = lock_accounts(one.account_id for one in self._inbox.unrecorded)
            entries = self._record_all(self._inbox.unrecorded, accounts)
            for claimed in (one for pk, one in self._in_flight.items() if pk not in arrived):
                entries += record_orphan(claimed, "the worker was asked to end before an answer came")
            Worker.objects.filter(pk=self.worker.pk).update(ended_at=Now())
            entries += recover_lost_sign_ins()
            if entries:
                append(entries)

    def _is_awaiting(self) -> bool:
        return bool(self._in_flight or self._inbox.unrecorded or self._lines.are_signing_in)
