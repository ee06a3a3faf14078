"""Signing an account in: announced and answered in the audit, and a "no" pauses the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections import sign_ins
from connections.audit.append import Origin
from connections.stops.account_pace import pause
from connections.stops.pacing import FIRST_PAUSE_S, LONGEST_PAUSE_S

if TYPE_CHECKING:
    from connections.audit.append import Entry
    from connections.models import Account
    from connections.remoteit import Login
    from connections.stops.line import Line, SignedIn

WORKER = Origin("worker")


def sign_in_sent(account: Account) -> Entry:
    """The line that is committed before a sign-in leaves."""
    return sign_ins.sent(account, WORKER)


def record_sign_in(line: Line, account: Account, signed_in: SignedIn) -> list[Entry]:
    """Write the answer to a sign-in or a probe. A "no" pauses the account, longer each time, and says why.

    So does a sign-in without a clear answer, for without a token nothing can be sent; a probe without one does not.
    """
    line.signing_in = False
    login = signed_in.login
    if login.accepted:
        line.failed_sign_ins = 0
    elif login.accepted is False or not signed_in.probe:
        line.failed_sign_ins += 1
        seconds = min(FIRST_PAUSE_S * 2**line.failed_sign_ins, LONGEST_PAUSE_S)
        pause(account, seconds, _why(login))
    return [sign_ins.answered(account, login, WORKER)]


def _why(login: Login) -> str:
    if login.accepted is False:
        return f"remote.it does not take the credentials: {login.reason}"
    return f"Sign-in to remote.it got no clear answer: {login.reason}"
