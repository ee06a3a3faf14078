"""One account's way to the API in this process: its client and the threads that send."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from connections.accounts.credentials import client_for
from connections.models.accounts import Call
from connections.remoteit import Answer, Cause, Login, Outcome
from connections.stops.attempt import Answered
from connections.stops.worker.senders import SendingThreads

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models import Account
    from connections.stops.attempt import Claim

logger = logging.getLogger(__name__)


PROBE_AFTER = 5
"""So many 401 in a row with the same words have the credentials tried."""
PROBE_EVERY_S = 60.0
BROKE_OFF = "the call broke off on our side"


@dataclass
class Lease:
    """Until when claims are surely this worker's, by time.monotonic(): each heartbeat moves it on, unless it is over.

    What was claimed in one that is over others may have sent since.
    """

    until: float

    def moved_on(self, until: float) -> Lease:
        """This lease, that now holds until then; a new one when it is over."""
        if time.monotonic() > self.until:
            return Lease(until)
        self.until = until
        return self


@dataclass(frozen=True)
class Withdrawn:
    """A claim of which nothing was sent, and why."""

    claim: Claim
    why: str

    @property
    def account_id(self) -> int:
        return self.claim.item.account_id


@dataclass(frozen=True)
class SignedIn:
    """The answer to a sign-in of the account, or to a `probe` of its credentials."""

    account_id: int
    login: Login
    probe: bool
    made_for: datetime | None
    """When the credentials were stored that it was made with."""


Arrival = Answered | Withdrawn | SignedIn


class Line:
    """Sends claims of one account. Whatever happens to one arrives at `arrive`, once. Raises NoCredentials."""

    def __init__(self, account: Account, arrive: Callable[[Arrival], None], threads: SendingThreads) -> None:
        self.threads = threads
        self._account_id = account.pk
        self.made_for = account.credentials_changed_at
        self.failed_sign_ins = 0
        self.signing_in = self.wants_probe = False
        self._client = client_for(account)
        self._arrive = arrive
        self._held_until = self._next_probe = 0.0
        self._last_said: tuple[int | None, str] | None = None
        self._alike = 0

    @property
    def needs_sign_in(self) -> bool:
        return self._client.needs_login

    @property
    def session_token(self) -> str:
        """What the last sign-in gave, for other workers; "" without one."""
        return self._client.session_token

    def use_token(self, token: str) -> bool:
        """Send with the `token` that another worker was given; returns False for one that is stale here."""
        return self._client.use_token(token)

    def note(self, answer: Answer) -> None:
        """Look whether this is the last of a series of identical 401, which has the credentials tried.

        remote.it answers 401 to a wrong id, a wrong address and wrong credentials alike (the vendor's page
        "device/connect/stop"), so a series may be many wrong ids, and the next probe waits.
        """
        if answer.cause is Cause.TOKEN:
            return  # the sign-in that follows tries them
        said = (answer.status, answer.reason)
        self._alike = self._alike + 1 if said == self._last_said else 1
        self._last_said = said
        if answer.status == 401 and self._alike >= PROBE_AFTER and time.monotonic() >= self._next_probe:
            self.wants_probe = True

    def sign_in(self) -> None:
        """Sign in, or try the credentials when a probe is wanted; the answer arrives, once for all threads."""
        self.signing_in = True
        if self.wants_probe:
            self._next_probe = time.monotonic() + PROBE_EVERY_S
            # What waits here would be refused alike, if it is the credentials.
            self.withdraw_waiting("the credentials are tried first")
        self.threads.at_once(partial(self._sign_in, probe=self.wants_probe))
        self.wants_probe = False

    def send(self, claims: list[Claim], lease: Lease, *, at_once: int) -> None:
        """Send `claims`, whose `stop.sent` lines are committed, as long as the `lease` that they were made in holds.

        `at_once`: how many may be under way at the same time, those that were given before among them.
        """
        self.threads.allow(at_once)
        self.threads.send(claims, partial(self._send, lease))

    def hold(self, seconds: float) -> None:
        """Send nothing more for so many seconds: claims that wait here are withdrawn."""
        self._held_until = max(self._held_until, time.monotonic() + seconds)

    def withdraw_waiting(self, why: str) -> None:
        """Withdraw the claims that no thread has taken up yet."""
        for claim in self.threads.take_waiting():
            self._arrive(Withdrawn(claim, why))

    def close(self) -> None:
        """Let go of the account's client; the threads may serve the next line."""
        self._client.close()

    def _send(self, lease: Lease, claim: Claim) -> None:
        now = time.monotonic()
        if claim.due > now:
            time.sleep(claim.due - now)
            now = time.monotonic()
        if now < self._held_until:
            self._arrive(Withdrawn(claim, "remote.it asked for a pause"))
        elif now > lease.until:
            self._arrive(Withdrawn(claim, "the worker lost its lease"))
        else:
            self._arrive(self._answered(claim))

    def _answered(self, claim: Claim) -> Arrival:
        try:
            answer = self._call(claim)
        except Exception as error:  # nobody else would tell of it: the claim would wait for its answer for ever
            logger.exception("A stop broke off on our side")
            answer = Answer(Outcome.UNKNOWN, Cause.NONE, None, f"{BROKE_OFF}: {type(error).__name__}", None)
        if (answer.outcome, answer.cause) == (Outcome.FAILED, Cause.TOKEN):
            return Withdrawn(claim, "the session token has gone; signing in first")
        return Answered(claim, answer)

    def _call(self, claim: Claim) -> Answer:
        connection = claim.connection
        if claim.call == Call.GRAPHQL:
            return self._client.disconnect(connection.device_address, connection.connection_id)
        return self._client.stop(connection.device_address, connection.connection_id)

    def _sign_in(self, *, probe: bool) -> None:
        try:
            login = self._client.probe() if probe else self._client.login()
        except Exception as error:  # as above: the account would never be signed in again
            logger.exception("A sign-in broke off on our side")
            login = Login(None, Cause.NONE, None, f"{BROKE_OFF}: {type(error).__name__}", None)
        self._arrive(SignedIn(self._account_id, login, probe, self.made_for))
