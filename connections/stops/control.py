"""A person's wishes about a started run: pause, resume, cancel the rest, run again what is not gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.db.bulk import update_same
from connections.models import Connection, StopItem, StopRun
from connections.models.rights import NOTHING_CHANGED, missing
from connections.models.states import GONE, NOT_GONE, Verdict
from connections.people.access.givers import refused
from connections.stops import plan
from connections.stops.progress.left import TO_STOP, Standing, standing_as
from connections.stops.wakeup import wake_worker
from connections.stops.worker.withdraw import cancel_queued_items

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models.connections import ConnectionQuerySet
    from connections.models.runs import StopItemQuerySet


NOTE_LENGTH = 2000
NOTHING_MORE: Mapping[str, object] = {}


class NotAllowed(Exception):
    """The person may not steer this run, or it can't be done any more. The message is fit for a person."""


def may_steer(user: User, run: StopRun) -> bool:
    """One's own runs with `stop_connection`; those of others with `manage_runs` beside it."""
    return not lacking_to_steer(user, run)


def lacking_to_steer(user: User, run: StopRun) -> list[str]:
    """The permissions that `user` lacks to steer `run`."""
    others = () if run.steward_id == user.pk else ("manage_runs",)
    return missing(user, *others, *plan.TAKES)


def check_may_steer(user: User, run: StopRun) -> None:
    """Raise NotAllowed, which says what `user` lacks and who can give it, unless they may steer `run`."""
    if lacking := lacking_to_steer(user, run):
        raise NotAllowed(refused(user, *lacking, but=NOTHING_CHANGED))


def pause(run: StopRun, user: User, origin: Origin) -> None:
    """Send nothing more of `run` until it is resumed; what was sent is answered. Raises NotAllowed."""
    _wish(run, user, origin, "run.paused", {"paused_at": timezone.now()}, paused_at=None, cancelled_at=None)


def resume(run: StopRun, user: User, origin: Origin) -> None:
    """Let a paused run go on. Raises NotAllowed."""
    going_on = {"paused_at": None, "wait_from": timezone.now()}
    _wish(run, user, origin, "run.resumed", going_on, paused_at__isnull=False, cancelled_at=None)


def cancel(run: StopRun, user: User, origin: Origin) -> None:
    """Withdraw what was not sent. What was sent can't be undone and gets its answer. Raises NotAllowed."""
    _wish(run, user, origin, "run.cancelled", {"cancelled_at": timezone.now()}, cancelled_at=None)
    cancel_queued_items(run)


def take_over(run: StopRun, user: User, origin: Origin) -> None:
    """Have what is still queued of `run` sent by the rights of `user`, whose name its lines bear from now on.

    Raises NotAllowed.
    """
    if run.steward_id == user.pk:
        raise NotAllowed(_("This run is yours already."))
    before = run.taken_by.get_username() if run.taken_by else run.user_name
    change = {"taken_by": user, "taken_at": timezone.now()}
    only = {"cancelled_at": None, "taken_by": run.taken_by}
    _wish(run, user, origin, "run.taken_over", change, {"taken_from": before}, **only)


def note(run: StopRun, user: User, origin: Origin, text: str) -> None:
    """Leave a note at `run` for whoever comes next; "" takes it away. Raises NotAllowed."""
    check_may_steer(user, run)
    text = text.strip()
    if len(text) > NOTE_LENGTH:
        raise NotAllowed(_("The note is longer than %d characters. Nothing was changed.") % NOTE_LENGTH)
    with transaction.atomic():
        change = {"note": text, "note_by": user.get_username(), "note_at": timezone.now()}
        StopRun.objects.started().filter(pk=run.pk).update(**change)
        append([Entry("run.noted", origin, actor=user, run=run, facts={"note": text or _("(taken away)")})])
    run.refresh_from_db()


def send_now(run: StopRun, user: User, origin: Origin) -> None:
    """Put the first sending of `run` off no longer. Raises NotAllowed."""
    now = timezone.now()
    _wish(run, user, origin, "run.sent_at_once", {"not_before": now}, cancelled_at=None, not_before__gt=now)


def wait_at_most(run: StopRun, user: User, origin: Origin, seconds: int) -> None:
    """Let `run` wait for so many `seconds` while remote.it can't be reached. Raises NotAllowed."""
    facts = {"wait_limit_s": seconds}
    _wish(run, user, origin, "run.wait_limited", facts, facts, cancelled_at=None)


def again(run: StopRun, user: User, narrowed: Q | None = None) -> StopRun:
    """A draft over what `run` did not stop and is open now, linked to it and with its reason and ticket.

    `narrowed`: a condition on its items, for a part of them. Raises NotAllowed.
    """
    items = left_to_stop(run).filter(narrowed or Q())
    left = Connection.objects.filter(stop_items__in=items.values("pk")).order_by("stop_items__pk")
    return _draft_linked(run, user, left, {"again": run.pk}, any_left=items.exists())


def left_to_stop(run: StopRun) -> StopItemQuerySet:
    """The items of `run` that a new run would stop now: not gone, in no later run, and not left by a decision."""
    return standing_as(_not_gone(run), *TO_STOP)


def cut_back(run: StopRun, user: User) -> StopRun:
    """A draft over the connections that came back after `run`, linked to it and with its reason and ticket.

    Raises NotAllowed.
    """
    back = came_back(run)
    return _draft_linked(run, user, back.order_by("pk"), {"came_back": run.pk}, any_left=back.exists())


def came_back(run: StopRun) -> ConnectionQuerySet:
    """The connections as which those of `run` came back that are open, in no later run, and not left by a decision."""
    items = standing_as(run.items.filter(verdict=Verdict.CAME_BACK), Standing.BACK)
    items = items.annotate(key=Lower("came_back_as"))
    same = items.filter(account=OuterRef("account"), key=OuterRef("connection_key"))
    # The keys alone would be enough but for an id that two accounts list; they are what an index finds.
    return Connection.objects.stoppable().filter(Exists(same), connection_key__in=items.values("key"))


def leave(run: StopRun, user: User, origin: Origin, *, reason: str, what: str, items: StopItemQuerySet) -> int:
    """Decide to leave `items` of `run` as they are; returns how many.

    `what`: which these are, in words, for the history. Raises NotAllowed.
    """
    check_may_steer(user, run)
    if not reason.strip():
        raise NotAllowed(_("Say why: the reason is kept in the history."))
    with transaction.atomic():
        # Before the head of the history: who writes answers locks in this order, too.
        pks = list(items.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
        if not pks:
            raise NotAllowed(_("Nothing of this is left: it was decided, stopped or has ended meanwhile."))
        facts = {"count": len(pks), "what": what, "reason": reason.strip()}
        seq = append([Entry("run.left", origin, actor=user, run=run, facts=facts)])
        for first in range(0, len(pks), plan.CHUNK):
            update_same(StopItem, pks[first : first + plan.CHUNK], {"left_seq": seq}, still={})
    return len(pks)


def _not_gone(run: StopRun) -> StopItemQuerySet:
    return run.items.filter(Q(state__in=NOT_GONE) | Q(verdict=Verdict.STILL_ALIVE)).exclude(verdict__in=GONE)


def _draft_linked(
    run: StopRun, user: User, connections: ConnectionQuerySet, selector: dict[str, int], *, any_left: bool
) -> StopRun:
    check_may_steer(user, run)
    if not any_left:
        raise NotAllowed(_("Nothing of this run is left to stop."))
    draft = plan.draft(user, connections, selector)
    draft.parent, draft.reason, draft.ticket = run, run.reason, run.ticket
    draft.save(update_fields=("parent", "reason", "ticket"))
    return draft


def _wish(
    run: StopRun,
    user: User,
    origin: Origin,
    action: str,
    change: Mapping[str, object],
    told: Mapping[str, object] = NOTHING_MORE,
    **only_if: object,
) -> None:
    check_may_steer(user, run)
    if not run.items.unfinished().exists():
        raise NotAllowed(_("The run is over: there is nothing left to send."))
    with transaction.atomic():
        if not StopRun.objects.started().filter(pk=run.pk).filter(**only_if).update(**change):
            raise NotAllowed(_("This was done already."))
        items = StopItem.objects.filter(run=run)  # all, whoever looks
        facts = {"queued": items.queued().count(), "sending": items.sending().count(), **told}
        append([Entry(action, origin, actor=user, run=run, facts=facts)])
        transaction.on_commit(wake_worker)
    run.refresh_from_db()
