"""Why connections of a run are left: what remote.it answered, whether another try can help, and who can."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from connections.models.states import CUT, ItemState, Verdict
from connections.remoteit import Cause
from connections.remoteit.answers import cause_of

if TYPE_CHECKING:
    from django.utils.functional import Promise


class Help(StrEnum):
    """Whether another try can help."""

    CAN = "can"
    MAY = "may"
    NOT = "not"


HELP_WORDS = {
    Help.CAN: _("Another try can help"),
    Help.MAY: _("Another try may help"),
    Help.NOT: _("Another try can not help"),
}


@dataclass(frozen=True)
class Kind:
    """One reason why: in words, whether another try can help, and who can or what speaks for it."""

    title: str | Promise
    help: Help
    note: str | Promise


KINDS = {
    "unreached": Kind(
        _("remote.it could not be reached"), Help.CAN, _("no byte left this machine, so nothing has happened")
    ),
    "fault": Kind(_("remote.it had a fault of its own"), Help.CAN, _("such faults pass")),
    "limit": Kind(_("remote.it asked for a slower pace"), Help.CAN, _("the next run keeps to the pace it asks for")),
    "broken": Kind(
        _("The line broke after the stop was sent"),
        Help.CAN,
        _("an id names one connection only, as far as is known; remote.it documents no second stop"),
    ),
    "unclear": Kind(
        _("The answer was neither yes nor no"), Help.MAY, _("the next complete list may tell whether it is gone")
    ),
    "accepted": Kind(
        _("Accepted, but still in the list"), Help.MAY, _("some end only when their device is heard again")
    ),
    "forbidden": Kind(
        _("Not shared with the login that asks"),
        Help.NOT,
        _("the owner of the device can: stop it there, or share it with the right to manage it"),
    ),
    "credentials": Kind(
        _("remote.it does not take the credentials of the account"),
        Help.NOT,
        _("an administrator can: other credentials for this account"),
    ),
    "token": Kind(_("The session at remote.it had ended"), Help.CAN, _("the next run signs in anew")),
    "id": Kind(
        _("remote.it does not know this connection id"),
        Help.NOT,
        _("nobody listed it either; look whether the id was mistyped"),
    ),
    "address": Kind(
        _("remote.it does not know the service address"),
        Help.NOT,
        _("look whether the address is right and the device still there"),
    ),
    "no": Kind(_("remote.it said no"), Help.MAY, _("read its words")),
    "cancelled": Kind(_("Cancelled before it was sent"), Help.CAN, _("a person decided that; nothing was sent")),
}
BY_CAUSE = {
    Cause.CREDENTIALS: "credentials",
    Cause.TOKEN: "token",
    Cause.CONNECTION: "id",
    Cause.ADDRESS: "address",
    Cause.LIMIT: "limit",
}
# "[0405] … is not shared with you" is the vendor's; that the others mean the same is our reading of plain English.
_FORBIDDEN = re.compile(
    r"not shared|\[0405\]|not (?:allowed|permitted|authori[sz]ed)|permission|forbidden", re.IGNORECASE
)
_CLASSES = re.compile(r" \([A-Za-z]+(?: <- [A-Za-z]+)*(?:: .*)?\)$", re.DOTALL)


def kind_of(state: str, verdict: str, status: int | None, reason: str) -> str:
    """The key, in KINDS, of why an item with this outcome, verdict and answer is left."""
    if state in CUT:
        return "accepted" if verdict == Verdict.STILL_ALIVE else "unclear"
    if state == ItemState.CANCELLED:
        return "cancelled"
    if state == ItemState.FAILED:
        return "unreached"
    if status is not None and status >= 500:
        return "fault"
    if state == ItemState.UNKNOWN:
        return "broken" if status is None else "unclear"
    if status == 429:
        return "limit"
    if status == 403 or _FORBIDDEN.search(reason):
        return "forbidden"
    return BY_CAUSE.get(cause_of(reason), "no")


def without_classes(reason: str) -> str:
    """A reason of ours without the names of exceptions behind it, which are for who debugs it."""
    return _CLASSES.sub("", reason)
