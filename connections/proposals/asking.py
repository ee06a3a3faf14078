"""Asking for a change that gives something: it is written down with its digest and its hour, and does not count."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from connections.audit.append import Entry, append, canonical, timestamp
from connections.models.door.proposals import Proposal, ProposalState, Subject

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin

WAITS = timedelta(hours=24)
REASON_LENGTH = 500


def ask(
    about: tuple[Subject, int | None, str],
    before: dict[str, Any],
    wish: dict[str, Any],
    *,
    reason: str,
    actor: User,
    origin: Origin,
) -> Proposal:
    """Write down that `actor` wishes `wish`, and tell the history. `about`: what it is about, by key and by name.

    Runs in the caller's transaction. Where exactly this waits already, by whomever, that is returned.
    """
    subject, key, name = about
    for one in Proposal.objects.waiting().about(subject, key):
        if one.wish == wish:
            return one
    now = timezone.now()
    made = Proposal(
        subject=subject, key=key, name=name, before=before, wish=wish, reason=reason[:REASON_LENGTH],
        origin=asdict(origin), asked_by=actor, asked_at=now, counts_at=now + WAITS,
    )  # fmt: skip
    made.sha256 = digest(made)
    made.save()
    append([Entry("change.asked", origin, actor=actor, facts=facts(made))])
    return made


def digest(proposal: Proposal) -> str:
    """Of who asks for what, of what there was, why and until when, in the canonical JSON of the history."""
    bound = {**_bound(proposal), "asked_at": timestamp(proposal.asked_at)}
    return hashlib.sha256(canonical(bound).encode()).hexdigest()


def facts(proposal: Proposal) -> dict[str, Any]:
    """What every line about `proposal` says of it."""
    return {**_bound(proposal), "binding_sha256": proposal.sha256, "change": proposal.pk}


def withdraw_older(subject: Subject, key: int | None, actor: User, origin: Origin) -> int:
    """Take back what waits about the same: a newer wish stands in its place. Returns how many."""
    found = list(Proposal.objects.waiting().about(subject, key).select_related("asked_by"))
    now = timezone.now()
    Proposal.objects.waiting().filter(pk__in=[one.pk for one in found]).update(
        state=ProposalState.WITHDRAWN, decided_by=actor, decided_at=now
    )
    append([Entry("change.withdrawn", origin, actor=actor, facts=facts(one)) for one in found])
    return len(found)


def _bound(proposal: Proposal) -> dict[str, Any]:
    return {
        "subject": str(proposal.subject),
        "subject_id": proposal.key,
        "name": proposal.name,
        "before": proposal.before,
        "wish": proposal.wish,
        "reason": proposal.reason,
        "asked_by": proposal.asked_by.get_username(),
        "asked_by_id": proposal.asked_by.pk,
        "counts_at": timestamp(proposal.counts_at),
    }
