"""One attempt to stop a connection: the claim of a worker, and what the API answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from connections.audit.append import Entry
from connections.audit.origin import WORKER
from connections.models.accounts import Call, StopCall

if TYPE_CHECKING:
    from connections.models import Connection, StopItem
    from connections.remoteit import Answer


@dataclass(frozen=True)
class Claim:
    """One attempt that this process may make.

    `item`: as it is while the claim holds. `due`: when it may leave, by time.monotonic().
    """

    item: StopItem
    due: float = 0.0

    @property
    def attempt(self) -> int:
        return self.item.attempts

    @property
    def connection(self) -> Connection:
        return self.item.connection

    @property
    def call(self) -> str:
        """Which call this attempt makes."""
        by_account = Call.GRAPHQL if self.item.account.stop_call == StopCall.GRAPHQL else Call.REST
        return self.item.next_call or by_account

    @property
    def unclear(self) -> bool:
        return self.item.is_unclear

    def entry(self, action: str, *, at: datetime | None = None, **facts: object) -> Entry:
        """An audit line about this attempt, on behalf of the person by whose rights it is made."""
        run = self.item.run
        return Entry(
            action,
            WORKER,
            actor=run.steward,
            account=self.item.account,
            connection=self.item.connection,
            run=run,
            at=at,
            facts={
                "item_id": self.item.pk,
                "attempt": self.item.attempts,
                # Who asked for it, once somebody else has taken it over.
                "requested_by": run.user_name if run.taken_by_id else None,
                **facts,
            },
        )


@dataclass(frozen=True)
class Answered:
    """A claim and the API's answer to it, with the moment it came.

    `escaped`: the database could not take the answer's words as they came; they stand in `answer` in ASCII.
    """

    claim: Claim
    answer: Answer
    at: datetime = field(default_factory=timezone.now)
    escaped: bool = False

    @property
    def account_id(self) -> int:
        return self.claim.item.account_id
