from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from connections.accounts.credentials import ensure_default_account
from connections.audit.origin import command_origin
from connections.live.lister import LOOK_EVERY_S, read_in_turn
from connections.live.read import Reading
from connections.management.shell import wrong_use
from connections.models import Account
from connections.models.formats import for_terminal, isolated


class Command(BaseCommand):
    help = (
        "Read the list of open connections of one account, or of all, now; records and verdicts follow it. "
        "Exit 0: every list was complete; 1: some was not; 2: wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", metavar="NAME", help="only this account")

    def handle(self, *args: Any, account: str | None, **options: Any) -> None:
        ensure_default_account()
        accounts = Account.objects.filter(name=account) if account else Account.objects.all()
        if not accounts:
            raise wrong_use(_("There is no account %s.") % account if account else _("There is no account."))
        complete = [self._read(one) for one in accounts]
        if not all(complete):
            sys.exit(1)

    def _read(self, account: Account) -> bool:
        """Read one list, after the reading that is under way, if there is one; returns whether it was complete."""
        if account.held_at is not None:
            self.stdout.write(f"{for_terminal(account.name)}: not read, a person paused the account")
            return False
        while (reading := read_in_turn(account, origin=command_origin())) is None:
            time.sleep(LOOK_EVERY_S)
        self.stdout.write(told(reading))
        return reading.complete


def told(reading: Reading) -> str:
    """One reading as a line of text."""
    name = isolated(for_terminal(str(reading.account)))
    state = "complete" if reading.complete else f"not complete: {for_terminal(reading.why)}"
    changed = f"{reading.changed.opened} new, {reading.changed.ended} ended, {reading.verdicts} verdicts"
    return f"{name}: {reading.sessions} open connections, {changed}; {state}"
