"""The lines of one process, one for each account that it sends for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from connections.accounts.credentials import NoCredentials
from connections.stops.worker.channel import Arrival, Line
from connections.stops.worker.pace import pause
from connections.stops.worker.senders import SendingThreads

if TYPE_CHECKING:
    from connections.models import Account

NO_CREDENTIALS_PAUSE_S = 30.0


class Lines:
    """Made when an account first needs one, anew for new credentials. What became of a claim arrives at `arrive`."""

    def __init__(self, arrive: Callable[[Arrival], None]) -> None:
        self._arrive = arrive
        self._lines: dict[int, Line] = {}

    def __getitem__(self, account_id: int) -> Line:
        return self._lines[account_id]

    def of(self, account: Account) -> Line | None:
        """The line of `account`, whose lock is held; None, and the account is paused, when it has no credentials.

        Asked for whatever waits, too, when nothing more is queued: it is not sent with credentials that are gone.
        """
        line = self._lines.get(account.pk)
        if line is not None and line.made_for == account.credentials_changed_at:
            return line
        if line is not None:
            # What it has sent is still answered; what waits in it comes back.
            line.withdraw_waiting("the account's credentials were changed")
        try:
            threads = line.threads if line else SendingThreads(f"stop-{account.pk}")
            self._lines[account.pk] = Line(account, self._arrive, threads)
        except NoCredentials as error:
            pause(account, NO_CREDENTIALS_PAUSE_S, str(error))
            return None
        if line is not None:
            line.close()
        return self._lines[account.pk]

    def waiting(self) -> set[int]:
        """The keys of the accounts for which claims wait that no thread has taken up yet."""
        return {key for key, line in self._lines.items() if line.threads.has_waiting}

    @property
    def are_signing_in(self) -> bool:
        return any(line.signing_in for line in self._lines.values())

    def withdraw_waiting(self, why: str) -> None:
        for line in self._lines.values():
            line.withdraw_waiting(why)

    def close(self) -> None:
        for line in self._lines.values():
            line.threads.close()
            line.close()
