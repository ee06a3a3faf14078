"""What has to be said beside a connection's status: from whom, from when, how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connections.admin.outcomes import note_of
from connections.models.states import ConnectionStatus, ItemState
from connections.templatetags.panel import clock

if TYPE_CHECKING:
    from connections.models import Connection, StopItem


def note_of_connection(connection: Connection, item: StopItem | None) -> str:
    """The note below the status, or "". `item`: the last one that had this connection."""
    if connection.is_past_expiry and connection.expires_at and connection.status == ConnectionStatus.ACTIVE:
        return _("should have ended %(time)s") % {"time": clock(connection.expires_at)}
    if item is None:
        return ""
    facts = {"run": item.run_id, "time": clock(item.answered_at or item.sent_at or connection.status_at)}
    match connection.status:
        case ConnectionStatus.STOPPING:
            return _stopping(item)
        case ConnectionStatus.UNKNOWN:
            return _("may be stopped: run %(run)d, %(time)s") % facts
        case ConnectionStatus.STOPPED if item.state == ItemState.ALREADY_GONE:
            return note_of(item)
        case ConnectionStatus.STOPPED:
            return _("accepted %(time)s, run %(run)d, not verified") % facts
        case ConnectionStatus.ENDED if item.state == ItemState.ALREADY_GONE:
            return _("gone before run %(run)d came, %(time)s") % facts
        case ConnectionStatus.ACTIVE if item.state == ItemState.REFUSED:
            return _("refused in run %(run)d, %(time)s") % facts
        case ConnectionStatus.ACTIVE if item.state == ItemState.FAILED:
            return _("not reached by run %(run)d, %(time)s") % facts
        case ConnectionStatus.ACTIVE if item.state == ItemState.QUEUED:
            return _("waits in run %(run)d") % facts
    return ""


def _stopping(item: StopItem) -> str:
    if item.state == ItemState.SENDING and item.sent_at:
        return _("run %(run)d, sent %(time)s") % {"run": item.run_id, "time": clock(item.sent_at)}
    return _("run %(run)d, waits for another try") % {"run": item.run_id}
