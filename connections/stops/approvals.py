"""The second person's decision: yes, no, taken back, too late; and what was started without one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.audit.append import Entry, append, timestamp
from connections.audit.origin import WORKER, Origin
from connections.models import Connection, StopRun
from connections.models.approvals import Approval, ApprovalQuerySet, ApprovalState
from connections.models.rights import may, missing
from connections.models.runs import TICKET_LENGTH
from connections.models.states import RunState
from connections.people.access.givers import refused
from connections.people.grants import granted_by
from connections.stops import plan, terms
from connections.stops.requests import LIFETIME, facts, sha256

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser

FRESH = timedelta(minutes=10)
"""How old a proof may be that it is the person themselves who decides."""
BAND = timedelta(hours=24)
"""How long every page says that the glass was broken."""
NOTE_LENGTH = 500


class CannotDecide(Exception):
    """Nothing was decided. The message is fit for a person."""


@dataclass(frozen=True)
class Proof:
    """How somebody last proved who they are, and when: by `passkey`, `totp`, `recovery_code`, `oidc` or `password`."""

    kind: str
    at: datetime

    def is_fresh(self, now: datetime) -> bool:
        return now - FRESH <= self.at <= now + FRESH


def why_not(person: User, approval: Approval) -> str:
    """Why `person` can't decide about `approval`, in a sentence; "" when they can."""
    if approval.run.user_id == person.pk:
        return _("You asked for this yourself: somebody else decides.")
    if lacking := missing(person, "approve_runs", "view_connection"):
        return refused(person, *lacking, but="")
    if granted_by(approval.run.user, person, "approve_runs", timezone.now()):
        text = _("%s gave you this right, or a password, within the last 24 hours: somebody else decides.")
        return text % approval.run.user_name
    listed = approval.run.items.queued().order_by().values("connection")
    outside = listed.count() - Connection.objects.visible_to(person).filter(pk__in=listed).count()
    if outside:
        text = ngettext(
            "%d connection of this list is not yours to see: somebody decides who sees all of it.",
            "%d connections of this list are not yours to see: somebody decides who sees all of it.",
            outside,
        )
        return text % outside
    return ""


def approve(approval: Approval, person: User, *, seen: str, proof: Proof | None, origin: Origin) -> StopRun:
    """Let the run start, as the one of who asked. `seen`: the digest that `person` had before their eyes.

    Decision and start are one transaction, so that nothing can change between them. Raises CannotDecide, and
    CannotStart when the run can't be started any more.
    """
    now = timezone.now()
    with transaction.atomic():
        _lock(approval.run.user_id)
        approval.refresh_from_db()
        _refuse(why_not(person, approval))
        _refuse_without(proof, now)
        if seen != approval.sha256:
            raise CannotDecide(_("What you saw is not what is asked for. Look at it again. Nothing was decided."))
        _decide(approval, ApprovalState.APPROVED, person, now)
        run = plan.start(
            approval.run.key, approval.run.user, reason=approval.run.reason, ticket=approval.run.ticket,
            origin=Origin(**approval.origin), put_off_s=terms.door_first_s(approval.run),
        )  # fmt: skip
        waited = {"asked_at": timestamp(approval.asked_at), "factor": proof.kind if proof else ""}
        told = {**facts(approval), "accounts": _accounts(run), **waited}
        append([Entry("run.approved", origin, actor=person, run=run, facts=told)])
    return run


def deny(approval: Approval, person: User, *, note: str, origin: Origin) -> None:
    """Say no, with a reason that who asked will read. Nothing is sent. Raises CannotDecide."""
    note = note.strip()
    if not note:
        raise CannotDecide(_("Say why: who asked reads it, and it stands in the history. Nothing was decided."))
    if len(note) > NOTE_LENGTH:
        raise CannotDecide(_("The reason is longer than %d characters. Nothing was decided.") % NOTE_LENGTH)
    with transaction.atomic():
        _lock(approval.run.user_id)
        _refuse(why_not(person, approval))
        _decide(approval, ApprovalState.DENIED, person, timezone.now(), note=note)
        told = {**facts(approval), "denied_because": note}
        append([Entry("run.denied", origin, actor=person, run=approval.run, facts=told)])


def withdraw(approval: Approval, person: User, origin: Origin) -> None:
    """Take back what one asked for oneself. Raises CannotDecide."""
    if approval.run.user_id != person.pk:
        raise CannotDecide(_("Only who asked for this can take it back. Nothing was changed."))
    with transaction.atomic():
        _lock(person.pk)
        _decide(approval, ApprovalState.WITHDRAWN, person, timezone.now())
        append([Entry("approval.withdrawn", origin, actor=person, run=approval.run, facts=facts(approval))])


def break_glass(key: str, person: User, *, reason: str, ticket: str, proof: Proof | None, origin: Origin) -> StopRun:
    """Start one's own draft without a second person, in an emergency. Somebody else reviews it afterwards.

    Raises CannotDecide without the right, a reason, a ticket or a fresh proof; CannotStart as `plan.start`.
    """
    now = timezone.now()
    if not may(person, "break_glass"):
        raise CannotDecide(refused(person, "break_glass"))
    if not reason.strip() or not ticket.strip():
        raise CannotDecide(_("To break the glass, a reason and a ticket are needed. Nothing was sent."))
    if len(ticket.strip()) > TICKET_LENGTH:
        raise CannotDecide(_("The ticket is longer than %d characters. Nothing was sent.") % TICKET_LENGTH)
    _refuse_without(proof, now)
    with transaction.atomic():
        _lock(person.pk)
        run = StopRun.objects.filter(key=key, user=person, state=RunState.DRAFT).first()
        if run is None:
            raise CannotDecide(_("There is no such list of yours, or it was started already."))
        approval = _glass(run, person, reason.strip(), ticket.strip(), origin, now)
        wait_s = terms.door_first_s(run)
        run = plan.start(key, person, reason=run.reason, ticket=run.ticket, origin=origin, put_off_s=wait_s)
        told = {**facts(approval), "factor": proof.kind if proof else ""}
        append([Entry("glass.broken", origin, actor=person, run=run, facts=told)])
    return run


def review(approval: Approval, person: User, *, note: str, origin: Origin) -> None:
    """Close what was started without a second person: `note` says what the review found. Raises CannotDecide."""
    if not note.strip():
        raise CannotDecide(_("Say what the review found. Nothing was changed."))
    if len(note.strip()) > NOTE_LENGTH:
        raise CannotDecide(_("The review is longer than %d characters. Nothing was changed.") % NOTE_LENGTH)
    with transaction.atomic():
        _refuse(why_not(person, approval))
        mine = {"reviewed_by": person, "reviewed_at": timezone.now(), "review": note.strip()}
        if not Approval.objects.unreviewed().filter(pk=approval.pk).update(**mine):
            raise CannotDecide(_("Somebody reviewed this a moment ago."))
        told = {"review": note.strip(), "broken_by": approval.run.user_name}
        append([Entry("glass.reviewed", origin, actor=person, run=approval.run, facts=told)])


def expire(now: datetime) -> int:
    """Close what nobody decided in time, a line for each. Returns how many."""
    late = list(Approval.objects.filter(state=ApprovalState.WAITING, expires_at__lte=now).select_related("run__user"))
    for approval in late:
        with transaction.atomic():
            still = Approval.objects.filter(pk=approval.pk, state=ApprovalState.WAITING)
            if still.update(state=ApprovalState.EXPIRED, decided_at=now):
                append([Entry("approval.expired", WORKER, run=approval.run, facts=facts(approval))])
    return len(late)


def around(now: datetime, person: User | AnonymousUser) -> list[Approval]:
    """What every page tells `person` of, as far as it is in their sight."""
    return list(told(now).within_sight_of(person).select_related("run"))


def told(now: datetime) -> ApprovalQuerySet:
    """What is open, and what was started without a second person within 24 hours."""
    broken = Q(state=ApprovalState.GLASS, decided_at__gt=now - BAND)
    return Approval.objects.open(now) | Approval.objects.filter(broken)


def _glass(run: StopRun, person: User, reason: str, ticket: str, origin: Origin, now: datetime) -> Approval:
    StopRun.objects.drafts().filter(pk=run.pk).update(reason=reason, ticket=ticket)
    run.reason, run.ticket = reason, ticket
    expires_at = now + LIFETIME
    broken: dict[str, Any] = {
        "state": ApprovalState.GLASS,
        "sha256": sha256(run, person, expires_at),
        "terms_sha256": terms.sha256(run.hold) if run.hold else "",
        "origin": asdict(origin),
        "expires_at": expires_at,
        "decided_by": person,
        "decided_at": now,
    }
    open_ones = (ApprovalState.WAITING, ApprovalState.EXPIRED)
    approval = Approval.objects.filter(run=run).first()
    if approval is None:
        return Approval.objects.create(run=run, asked_at=now, **broken)
    if not Approval.objects.filter(pk=approval.pk, state__in=open_ones).update(**broken):
        raise CannotDecide(_("This was decided already: %s. Nothing was sent.") % approval.get_state_display())
    approval.refresh_from_db()
    return approval


def _decide(approval: Approval, state: ApprovalState, person: User, now: datetime, *, note: str = "") -> None:
    waiting = Approval.objects.waiting(now).filter(pk=approval.pk, run__state=RunState.DRAFT)
    if not waiting.update(state=state, decided_by=person, decided_at=now, note=note):
        approval.refresh_from_db()
        if approval.state == ApprovalState.WAITING:
            raise CannotDecide(_("This came too late: nobody decided within 30 minutes. Nothing was sent."))
        raise CannotDecide(_("This was decided a moment ago: %s.") % approval.get_state_display())
    approval.refresh_from_db()


def _lock(pk: int) -> None:
    """Of two who decide at once one comes after the other; as `plan.start` does, the one who asked is locked."""
    User.objects.select_for_update(no_key=True).get(pk=pk)


def _refuse(why: str) -> None:
    if why:
        raise CannotDecide(f"{why} {_('Nothing was decided.')}")


def _refuse_without(proof: Proof | None, now: datetime) -> None:
    if proof is None or not proof.is_fresh(now):
        raise CannotDecide(_("Prove first that it is you. Nothing was decided."))


def _accounts(run: StopRun) -> list[str]:
    return sorted(run.items.queued().order_by().values_list("account__name", flat=True).distinct())


def withdraw_all(of: User, actor: User, origin: Origin) -> int:
    """Take back all that `of` waits for, by the wish of `actor`, who ends everything of theirs. Returns how many."""
    with transaction.atomic():
        _lock(of.pk)
        waiting = list(Approval.objects.waiting(timezone.now()).filter(run__user=of).select_related("run"))
        for approval in waiting:
            _decide(approval, ApprovalState.WITHDRAWN, actor, timezone.now())
        append([Entry("approval.withdrawn", origin, actor=actor, run=one.run, facts=facts(one)) for one in waiting])
    return len(waiting)
