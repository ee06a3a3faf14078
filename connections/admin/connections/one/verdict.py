"""What a connection's page says of its verdict: what a list showed, what may settle it, what was opened since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Max
from django.utils.translation import gettext as _

from connections.live.verdicts.basis import lists_read
from connections.models import AuditEvent, Connection
from connections.models.states import ConnectionStatus, ItemState, UnverifiedReason, Verdict
from connections.words.times import clock, duration, seconds

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from connections.live.verdicts.basis import ListRead
    from connections.models import StopItem

MOST_NAMED = 5
EXACT_BELOW_S = 600


@dataclass(frozen=True)
class OpenAgain:
    """What the same person opened to the same service since the stop was answered, the newest first."""

    connections: list[Connection]
    can_be_known: bool


def verdict_of_connection(connection: Connection, item: StopItem | None, user: User) -> dict[str, Any]:
    """The context, for `user`. `item`: the last one that had this connection, unless it ended otherwise."""
    sentence = ""
    if item is not None and item.verdict:
        sentence = verdict_sentence(item, lists_read([item.verdict_seq or 0]).get(item.verdict_seq or 0))
    return {
        "verdict_sentence": sentence if _still_holds(connection, item) else "",
        "settles": what_settles(connection, item) if connection.status == ConnectionStatus.UNKNOWN else "",
        "open_again": _open_again(connection, item, user) if _is_cut(connection, item) else None,
    }


def verdict_sentence(item: StopItem, read: ListRead | None) -> str:
    """The item's verdict in one sentence. `read`: the list that it rests on, where it is known."""
    at = read.asked_at if read else item.verdict_at or item.run.created_at
    facts = {"time": clock(at), "after": _after(item, at), "run": item.run_id}
    match item.verdict:
        case Verdict.CONFIRMED_GONE if item.state == ItemState.STOPPED:
            return _("confirmed gone by the list of %(time)s, %(after)s after the API accepted the stop") % facts
        case Verdict.CONFIRMED_GONE:
            return _("confirmed gone by the list of %(time)s, %(after)s after the answer to run %(run)d") % facts
        case Verdict.STILL_ALIVE if item.state == ItemState.STOPPED:
            return _("still alive in the list of %(time)s, %(after)s after the API accepted the stop") % facts
        case Verdict.STILL_ALIVE:
            return _("still alive in the list of %(time)s, %(after)s after the answer to run %(run)d") % facts
        case Verdict.CAME_BACK:
            facts["after"] = seconds(item.came_back_after_s or 0, 0)
            return _("gone, and came back %(after)s after the answer to run %(run)d, under a new id") % facts
        case Verdict.UNVERIFIED if item.state == ItemState.STOPPED:
            return _("accepted by the API in run %(run)d, unverified: %(why)s") % {**facts, "why": _why(item, read)}
    return ""


def what_settles(connection: Connection, item: StopItem | None = None) -> str:
    """How an unknown connection comes to be known: by its account's next list, or by nothing that the panel has.

    `item`: the last one that had it.
    """
    account = connection.account
    facts = {"account": account, "time": clock(account.list_due_at) if account.list_due_at else ""}
    if account.held_at is not None:
        return _("%(account)s is held, so no list settles it for now.") % facts
    if account.listed_at is None:
        return _("No list of %(account)s was read yet; a complete one settles what an earlier one held.") % facts
    if not account.list_is_complete:
        return _("The last list of %(account)s was not complete, so it settles nothing: %(why)s.") % {
            **facts,
            "why": account.list_why.rstrip("."),
        }
    if not account.covers(connection.list_scope):
        return _("remote.it's list of %(account)s no longer covers where it was seen, so no list settles it.") % facts
    if connection.listed_seq is None:
        return _("No complete list ever held it, so none can confirm that it is gone.")
    if item is not None and item.verdict_why == UnverifiedReason.NOT_LISTED:
        return _("No list settled it in time; on the page of run %d it can be verified again.") % item.run_id
    if account.list_due_at is None:
        return _("You can wait: the next complete list of %(account)s shows whether it is gone.") % facts
    return _("You can wait: the next complete list of %(account)s (about %(time)s) shows whether it is gone.") % facts


def _still_holds(connection: Connection, item: StopItem | None) -> bool:
    """Whether the verdict tells of the connection's present status, and not of one that has passed."""
    if item is None:
        return False
    if item.verdict == Verdict.STILL_ALIVE:
        return connection.status == ConnectionStatus.ACTIVE
    return _is_cut(connection, item)


def _is_cut(connection: Connection, item: StopItem | None) -> bool:
    return item is not None and connection.status in (ConnectionStatus.STOPPED, ConnectionStatus.ENDED)


def _open_again(connection: Connection, item: StopItem | None, user: User) -> OpenAgain:
    lines = AuditEvent.objects.filter(connection=connection, run=item.run_id if item else None, action="stop.answered")
    answered_seq = lines.aggregate(last=Max("seq"))["last"]
    same = Connection.objects.visible_to(user).filter(
        account=connection.account,
        device_address__iexact=connection.device_address,
        opened_by=connection.opened_by,
        seen_seq__gt=answered_seq or 0,
    )
    found = same.exclude(pk=connection.pk).select_related("account").order_by("-seen_seq", "-pk")[:MOST_NAMED]
    listed_at, answered_at = connection.account.completely_listed_at, item.answered_at if item else None
    return OpenAgain(list(found), listed_at is not None and answered_at is not None and listed_at > answered_at)


def _after(item: StopItem, at: datetime) -> str:
    """The time from the item's answer to the list, to the second while that is short."""
    after_s = (at - item.answered_at).total_seconds() if item.answered_at else 0.0
    return _("%d s") % max(after_s, 0) if after_s < EXACT_BELOW_S else duration(after_s)


def _why(item: StopItem, read: ListRead | None) -> str:
    if read is not None and read.why:
        return f"{item.get_verdict_why_display()} ({read.why})"
    return str(item.get_verdict_why_display())
