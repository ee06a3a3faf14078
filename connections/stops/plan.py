"""Draft, freeze, start: from a selection to a run that a worker takes up."""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.audit.append import Entry, append, timestamp
from connections.audit.origin import Origin
from connections.db.bulk import insert_many
from connections.models import Connection, StopItem, StopRun
from connections.models.approvals import Approval, ApprovalState
from connections.models.rights import missing
from connections.models.runs import TICKET_LENGTH, new_key
from connections.models.scope import is_bounded
from connections.models.states import STOPPABLE_STATUSES, ConnectionStatus, ItemState, RunState, SkipReason
from connections.people.access.givers import givers, in_words, refused
from connections.stops.ceilings import needs
from connections.stops.requests import ask, sha256
from connections.stops.terms import cover
from connections.stops.wakeup import wake_worker

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models.connections import ConnectionQuerySet
    from connections.stops.ceilings import Need

DRAFT_LIFETIME = timedelta(minutes=30)
CHUNK = 1000
TAKES = ("view_connection", "stop_connection")
OUTSIDE = gettext_lazy("All of this is outside what you may stop. Nothing was sent. %s")
"""Who may not see connections may not stop them either: a frozen list names them."""
PAUSE_S = 0.005
"""Between two chunks, for other writers: SQLite doesn't queue them, they get in only while nobody holds the lock."""

NOT_REQUIRED = "not_required"
WAITS = {
    ApprovalState.WAITING: gettext_lazy("This waits for a second person. Nothing was sent."),
    ApprovalState.DENIED: gettext_lazy("A second person denied this. Select the connections again. Nothing was sent."),
    ApprovalState.WITHDRAWN: gettext_lazy("This was withdrawn. Select the connections again. Nothing was sent."),
}
EXPIRED = gettext_lazy("Nobody decided about this in time. Select the connections again. Nothing was sent.")


class CannotStart(Exception):
    """The run was not started and nothing was sent. The message is fit for a person."""


class NeedsApproval(CannotStart):
    """The run waits for a second person, or one did not let it start; `approval` tells which."""

    def __init__(self, approval: Approval) -> None:
        late = approval.state == ApprovalState.WAITING and not approval.is_waiting
        super().__init__(str(EXPIRED if late else WAITS.get(ApprovalState(approval.state), EXPIRED)))
        self.approval = approval


def draft(user: User, connections: ConnectionQuerySet, selector: dict[str, Any], *, key: str | None = None) -> StopRun:
    """Write down which connections a stop would cover, without asking anything of the API.

    The list is frozen in the order of `connections`. `selector` says in words how they were selected. The same
    `key` twice returns the draft made first. Items are written in small transactions, so that a hundred
    thousand of them block nobody.
    """
    try:
        with transaction.atomic():
            run = StopRun.objects.create(
                key=key or new_key(), user=user, user_name=user.get_username(), selector=selector
            )
    except IntegrityError:
        return StopRun.objects.get(key=key, user=user)
    ids = list(connections.visible_to(user).values_list("pk", flat=True))
    for first in range(0, len(ids), CHUNK):
        _add_items(run, ids[first : first + CHUNK], user)
    run.list_sha256 = frozen_list_sha256(run)
    run.frozen_at = timezone.now()
    run.save(update_fields=("list_sha256", "frozen_at"))
    return run


def _add_items(run: StopRun, connection_ids: list[int], user: User) -> None:
    # Read before the transaction, which locks out every other writer on SQLite; the claim asks again.
    found = Connection.objects.only("account_id", "status").in_bulk(connection_ids)
    held = set(StopItem.objects.held().filter(connection__in=connection_ids).values_list("connection_id", flat=True))
    outside = _outside_scope(user, connection_ids)
    items = []
    for connection in (found[pk] for pk in connection_ids if pk in found):
        why = skip_reason(connection.status, is_held=connection.pk in held)
        if connection.pk in outside:
            why = SkipReason.NOT_ALLOWED
        state = ItemState.SKIPPED if why else ItemState.QUEUED
        items.append(
            StopItem(run=run, connection=connection, account_id=connection.account_id, state=state, skipped_why=why)
        )
    with transaction.atomic():
        insert_many(items)
    time.sleep(PAUSE_S)


def _outside_scope(user: User, connection_ids: list[int]) -> set[int]:
    """What `user`, who may stop, may see of these and not stop."""
    if not (may_stop(user) and is_bounded(user, *TAKES)):
        return set()
    allowed = Connection.objects.filter(pk__in=connection_ids).stoppable_by(user)
    return set(connection_ids) - set(allowed.values_list("pk", flat=True))


def skip_reason(status: str, *, is_held: bool) -> SkipReason | str:
    """Why a connection in `status` is not sent, or "" when it is. `is_held`: a started run has it."""
    if is_held or status == ConnectionStatus.STOPPING:
        return SkipReason.OTHER_RUN
    return "" if status in STOPPABLE_STATUSES else SkipReason.NOT_ACTIVE


def frozen_list_sha256(run: StopRun) -> str:
    """The SHA-256 of what the run will send: for each a line of account, service address and id, by TAB."""
    digest = hashlib.sha256()
    rows = run.items.exclude(state=ItemState.SKIPPED).order_by("pk")
    for row in rows.values_list("account__name", "connection__device_address", "connection__connection_id").iterator(
        chunk_size=CHUNK
    ):
        digest.update(("\t".join(row) + "\n").encode())
    return digest.hexdigest()


def start(key: str, user: User, *, reason: str, ticket: str = "", origin: Origin, put_off_s: float = 0.0) -> StopRun:
    """Start the draft with this `key`. The same key twice leads to the same run, started once.

    `put_off_s`: for so many seconds nothing of it is sent, so that it can still be cancelled whole.

    Raises CannotStart: no such draft of this person, expired, nothing in it to stop, no reason, no permission. Raises
    NeedsApproval where a second person has to decide; once one said yes, the run is started with what was asked for.
    """
    with transaction.atomic():
        run, waits = _start(key, user, reason, ticket, origin, put_off_s)
    if waits:
        raise NeedsApproval(waits)
    return run


def _start(
    key: str, user: User, reason: str, ticket: str, origin: Origin, put_off_s: float = 0.0
) -> tuple[StopRun, Approval | None]:
    """The run; and, where it was not started, for what it waits."""
    # Locked: of two runs that start at once, the second counts the first against the ceilings.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    try:
        run = StopRun.objects.select_related("approval", "hold").get(key=key, user=user)
    except StopRun.DoesNotExist:
        raise CannotStart(_("There is no such list of yours. Select the connections again.")) from None
    if run.state == RunState.STARTED:
        return run, None
    now, approval = timezone.now(), getattr(run, "approval", None)
    if approval is None:
        run.reason, run.ticket = reason.strip(), ticket.strip()
    _refuse_unless_startable(run, user, now)
    needed = [] if cover(run) else needs(run, user, now)
    startable = StopRun.objects.drafts().filter(pk=run.pk)
    if needed or approval:
        # What grants it is asked by the UPDATE itself: the yes of somebody else, to exactly this and still valid.
        digest = sha256(run, user, approval.expires_at) if approval else ""
        startable = startable.filter(Exists(Approval.objects.granting(digest, now).filter(run=OuterRef("pk"))))
    run.not_before = now + timedelta(seconds=put_off_s) if put_off_s else None
    words = {"reason": run.reason, "ticket": run.ticket}
    if not startable.update(state=RunState.STARTED, started_at=now, not_before=run.not_before, **words):
        return run, approval or _ask(run, user, needed, origin, now)
    run.state, run.started_at = RunState.STARTED, now
    append([_requested(run, user, origin, approval)])
    transaction.on_commit(wake_worker)
    return run, None


def _ask(run: StopRun, user: User, needed: list[Need], origin: Origin, now: datetime) -> Approval:
    StopRun.objects.drafts().filter(pk=run.pk).update(reason=run.reason, ticket=run.ticket)
    return ask(run, user, needed, origin, now)


def stop_one(user: User, connection: Connection, *, key: str, reason: str, ticket: str, origin: Origin) -> StopRun:
    """Start a run of this one connection. The same `key` again leads to the same run.

    Drafted and started in one transaction: a form that is sent twice at once finds either nothing of the first or
    all of it. Raises CannotStart and NeedsApproval.
    """
    with transaction.atomic():
        try:
            run = draft(
                user, Connection.objects.filter(pk=connection.pk), {"door": origin.kind, "by": "connection"}, key=key
            )
        except StopRun.DoesNotExist:
            raise CannotStart(_("This form is not yours. Load the page again. Nothing was sent.")) from None
        if not run.items.filter(connection=connection).exists():
            raise CannotStart(_("This form was used already. Load the page again. Nothing was sent."))
        run, waits = _start(key, user, reason, ticket, origin)
    if waits:
        raise NeedsApproval(waits)
    return run


def may_stop(user: User) -> bool:
    """Whether `user` has the permissions that a stop takes."""
    return not missing(user, *TAKES)


def _refuse_unless_startable(run: StopRun, user: User, now: datetime) -> None:
    if lacking := missing(user, *TAKES):
        raise CannotStart(refused(user, *lacking))
    if not run.reason:
        raise CannotStart(_("Say why: the reason is kept in the history. Nothing was sent."))
    if len(run.ticket) > TICKET_LENGTH:
        raise CannotStart(_("The ticket is longer than %d characters. Nothing was sent.") % TICKET_LENGTH)
    if run.hold is not None and not run.hold.is_on:
        raise CannotStart(_("The hold that this belongs to is over. Nothing was sent."))
    if run.frozen_at is None:
        raise CannotStart(_("This list was not finished. Select the connections again. Nothing was sent."))
    if not hasattr(run, "approval") and run.frozen_at + DRAFT_LIFETIME < now:
        raise CannotStart(_("This list is older than 30 minutes. Select the connections again. Nothing was sent."))
    if not run.items.queued().exists():
        if not run.items.exclude(skipped_why=SkipReason.NOT_ALLOWED).exists():
            raise CannotStart(OUTSIDE % in_words(givers(user, *TAKES, whole=True)))
        raise CannotStart(_("None of these connections can be stopped. Nothing was sent."))


def _requested(run: StopRun, user: User, origin: Origin, approval: Approval | None) -> Entry:
    return Entry(
        "stop.requested",
        origin,
        actor=user,
        run=run,
        facts={
            "count": run.items.queued().count(),
            "skipped": run.items.filter(state=ItemState.SKIPPED).count(),
            "list_sha256": run.list_sha256,
            "selector": run.selector or None,
            "continues_run_id": run.parent_id,
            "not_before": timestamp(run.not_before) if run.not_before else None,
            "reason": run.reason,
            "ticket": run.ticket,
            "second_person": approval.state if approval else NOT_REQUIRED,
        },
    )
