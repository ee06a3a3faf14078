"""The second person's word on a change that waits: yes, no, taken back; and what comes to count after a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append
from connections.audit.origin import WORKER
from connections.models import Proposal
from connections.models.door.proposals import ProposalState, Subject
from connections.models.rights import may
from connections.people.grants import granted_by
from connections.proposals.asking import facts
from connections.proposals.effect import CannotBeMade, make
from connections.stops.approvals import NOTE_LENGTH, CannotDecide, Proof

if TYPE_CHECKING:
    from datetime import datetime

    from connections.audit.origin import Origin


def why_not(person: User, proposal: Proposal) -> str:
    """Why `person` can't decide about `proposal`, in a sentence; "" when they can."""
    if proposal.asked_by_id == person.pk:
        return _("You asked for this yourself: somebody else decides.")
    if not may(person, "approve_runs"):
        return _("You may not decide as the second person.")
    if _is_for(person, proposal):
        return _("It gives something to yourself: somebody else decides.")
    if granted_by(proposal.asked_by, person, "approve_runs", timezone.now()):
        who = proposal.asked_by.get_username()
        return _("%s gave you this right, or a password, within the last 24 hours: somebody else decides.") % who
    return ""


def confirm(proposal: Proposal, person: User, *, seen: str, proof: Proof | None, origin: Origin) -> None:
    """Make the change, as the one of who asked. `seen`: the digest that `person` had before their eyes.

    Decision and change are one transaction. Raises CannotDecide.
    """
    now = timezone.now()
    with transaction.atomic():
        _refuse(why_not(person, proposal))
        if proof is None or not proof.is_fresh(now):
            raise CannotDecide(_("Prove first that it is you. Nothing was decided."))
        if seen != proposal.sha256:
            raise CannotDecide(_("What you saw is not what is asked for. Look at it again. Nothing was decided."))
        _decide(proposal, ProposalState.CONFIRMED, person, now)
        try:
            lines = make(proposal, now)
        except CannotBeMade as error:
            raise CannotDecide(f"{error} {_('Nothing was decided.')}") from error
        told = {**facts(proposal), "factor": proof.kind}
        append([*lines, Entry("change.confirmed", origin, actor=person, facts=told)])


def deny(proposal: Proposal, person: User, *, note: str, origin: Origin) -> None:
    """Say no, with a reason that who asked will read. Raises CannotDecide."""
    note = note.strip()
    if not note:
        raise CannotDecide(_("Say why: who asked reads it, and it stands in the history. Nothing was decided."))
    if len(note) > NOTE_LENGTH:
        raise CannotDecide(_("The reason is longer than %d characters. Nothing was decided.") % NOTE_LENGTH)
    with transaction.atomic():
        _refuse(why_not(person, proposal))
        _decide(proposal, ProposalState.DENIED, person, timezone.now(), note=note)
        told = {**facts(proposal), "denied_because": note}
        append([Entry("change.denied", origin, actor=person, facts=told)])


def withdraw(proposal: Proposal, person: User, origin: Origin) -> None:
    """Take back what one asked for oneself. Raises CannotDecide."""
    if proposal.asked_by_id != person.pk:
        raise CannotDecide(_("Only who asked for this can take it back. Nothing was changed."))
    with transaction.atomic():
        _decide(proposal, ProposalState.WITHDRAWN, person, timezone.now())
        append([Entry("change.withdrawn", origin, actor=person, facts=facts(proposal))])


def withdraw_all(of: User, actor: User, origin: Origin) -> int:
    """Take back all that `of` waits for, by the wish of `actor`, who ends everything of theirs. Returns how many."""
    with transaction.atomic():
        found = list(Proposal.objects.waiting().filter(asked_by=of).select_for_update(of=("self",)))
        for one in found:
            _decide(one, ProposalState.WITHDRAWN, actor, timezone.now())
        append([Entry("change.withdrawn", origin, actor=actor, facts=facts(one)) for one in found])
    return len(found)


def take_effect(now: datetime) -> int:
    """Make what has waited for a day and nobody denied; what can't be made any more lapses. Returns how many."""
    late = list(Proposal.objects.waiting().filter(counts_at__lte=now).select_related("asked_by").order_by("pk"))
    return sum(_take_effect(one, now) for one in late)


def _take_effect(proposal: Proposal, now: datetime) -> bool:
    with transaction.atomic():
        if not Proposal.objects.waiting().filter(pk=proposal.pk).update(state=ProposalState.DUE, decided_at=now):
            return False  # somebody decided meanwhile
        try:
            with transaction.atomic():
                lines = make(proposal, now)
        except CannotBeMade as error:
            Proposal.objects.filter(pk=proposal.pk).update(state=ProposalState.LAPSED, note=str(error))
            append([Entry("change.lapsed", WORKER, facts={**facts(proposal), "lapsed_because": str(error)})])
            return False
        append([*lines, Entry("change.due", WORKER, facts=facts(proposal))])
    return True


def _decide(proposal: Proposal, state: ProposalState, person: User, now: datetime, *, note: str = "") -> None:
    """The guarded UPDATE: of two who decide at once one comes too late, and is told so."""
    decided: dict[str, Any] = {"state": state, "decided_by": person, "decided_at": now, "note": note}
    if not Proposal.objects.waiting().filter(pk=proposal.pk).update(**decided):
        proposal.refresh_from_db()
        raise CannotDecide(_("This was decided a moment ago: %s.") % proposal.get_state_display())


def _is_for(person: User, proposal: Proposal) -> bool:
    if proposal.subject == Subject.PERSON:
        return proposal.key == person.pk
    return proposal.subject == Subject.ROLE and person.groups.filter(pk=proposal.key).exists()


def _refuse(why: str) -> None:
    if why:
        raise CannotDecide(f"{why} {_('Nothing was decided.')}")
