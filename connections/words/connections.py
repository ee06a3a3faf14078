"""What has to be said beside a connection's status: from whom, from when, how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from connections.models.scope import KINDS, ScopeRule
from connections.models.states import ConnectionStatus, ItemState, Verdict
from connections.words.outcomes import note_of
from connections.words.times import clock, seconds

if TYPE_CHECKING:
    from connections.models import Connection, StopItem


def kind_of_service(connection: Connection) -> str:
    """What its service speaks, as a rule of scope calls it; another kind by remote.it's number; "" while not known."""
    number = connection.service_kind
    if number is None:
        return ""
    found = (ScopeRule.ServiceKind(kind).label for kind, numbers in KINDS.items() if number in numbers)
    return str(next(found, _("remote.it's number %d") % number))


def note_of_connection(connection: Connection, item: StopItem | None) -> str:
    """The note below the status, or "". `item`: the last one that had this connection."""
    if connection.status == ConnectionStatus.ENDED and not (item and item.state == ItemState.ALREADY_GONE):
        return why_ended(connection)
    if connection.status == ConnectionStatus.ACTIVE and not connection.account.covers(connection.list_scope):
        return _outside(connection)
    if connection.is_past_expiry and connection.expires_at and connection.status == ConnectionStatus.ACTIVE:
        return _("should have ended %(time)s") % {"time": clock(connection.expires_at)}
    if item is None:
        return _missing(connection)
    facts = {"run": item.run_id, "time": clock(item.answered_at or item.sent_at or connection.status_at)}
    match connection.status:
        case ConnectionStatus.STOPPING:
            return _stopping(item)
        case ConnectionStatus.UNKNOWN:
            return _("may be stopped: run %(run)d, %(time)s") % facts
        case ConnectionStatus.STOPPED if item.state == ItemState.ALREADY_GONE:
            return note_of(item)
        case ConnectionStatus.STOPPED:
            return _stopped(item, facts)
        case ConnectionStatus.ENDED:
            return _("gone before run %(run)d came, %(time)s") % facts
        case ConnectionStatus.ACTIVE if item.verdict == Verdict.STILL_ALIVE:
            return _("run %(run)d asked to stop it, and the list still shows it") % facts
        case ConnectionStatus.ACTIVE if item.state == ItemState.REFUSED:
            return _("refused in run %(run)d, %(time)s") % facts
        case ConnectionStatus.ACTIVE if item.state == ItemState.FAILED:
            return _("not reached by run %(run)d, %(time)s") % facts
        case ConnectionStatus.ACTIVE if item.state == ItemState.QUEUED:
            return _("waits in run %(run)d") % facts
    return ""


def _outside(connection: Connection) -> str:
    """What is said of a connection that was seen where the account's list does not reach any more."""
    at = connection.account.covered_until(connection.list_scope)
    if at is None:
        return _("remote.it's list of this account no longer covers where it was seen")
    return _("remote.it's list of this account no longer covers where it was seen: as of %(time)s") % {
        "time": clock(at)
    }


def _missing(connection: Connection) -> str:
    if connection.status == ConnectionStatus.ACTIVE and connection.absent_seq is not None:
        return _("not in the last complete list; ended when the next one lacks it, too")
    return ""


def why_ended(connection: Connection) -> str:
    """Why a connection that we did not stop has ended, or "" when no list showed it.

    The architecture's rule: two complete lists in a row lack it, or one does and its own end has passed.
    """
    if connection.absent_seq is None:
        return ""
    if connection.expires_at is not None and connection.expires_at <= connection.status_at:
        return _("without us: past its own end, and not in the list any more")
    return _("without us: in neither of two complete lists")


def _stopped(item: StopItem, facts: dict[str, Any]) -> str:
    match item.verdict:
        case Verdict.CONFIRMED_GONE:
            return _("confirmed gone %(time)s, run %(run)d") % {
                **facts,
                "time": clock(item.verdict_at or timezone.now()),
            }
        case Verdict.CAME_BACK:
            return _("gone, and back %(after)s later as another one, run %(run)d") % {
                **facts,
                "after": seconds(item.came_back_after_s or 0, 0),
            }
        case Verdict.UNVERIFIED:
            return _("accepted %(time)s, run %(run)d, unverified") % facts
    return _("accepted %(time)s, run %(run)d, not yet confirmed") % facts


def _stopping(item: StopItem) -> str:
    if item.state == ItemState.SENDING and item.sent_at:
        return _("run %(run)d, sent %(time)s") % {"run": item.run_id, "time": clock(item.sent_at)}
    return _("run %(run)d, waits for another try") % {"run": item.run_id}
