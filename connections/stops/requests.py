"""Asking for a second person: what exactly a yes would be a yes to, and until when."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connections.audit.append import Entry, append, canonical, timestamp
from connections.models.approvals import Approval
from connections.stops import terms

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from connections.audit.origin import Origin
    from connections.models import StopRun
    from connections.stops.ceilings import Need

LIFETIME = timedelta(minutes=30)
"""A list ages: a yes that comes later would be one to something else."""


def bound(run: StopRun, user: User, expires_at: datetime) -> dict[str, Any]:
    """What a yes to `run` binds, as the evidence's verifier puts it together from the lines of the history."""
    return {
        "run_id": run.pk,
        "actor": user.get_username(),
        "actor_id": user.pk,
        "list_sha256": run.list_sha256,
        "count": run.items.queued().count(),
        "accounts": sorted(run.items.queued().order_by().values_list("account__name", flat=True).distinct()),
        "reason": run.reason,
        "ticket": run.ticket,
        "expires_at": timestamp(expires_at),
        **({"hold": terms.terms(run.hold)} if run.hold else {}),
    }


def sha256(run: StopRun, user: User, expires_at: datetime) -> str:
    """The digest of what is `bound`, in the canonical JSON of the history."""
    return hashlib.sha256(canonical(bound(run, user, expires_at)).encode()).hexdigest()


def ask(run: StopRun, user: User, needs: list[Need], origin: Origin, now: datetime) -> Approval:
    """Write down that `user` waits for a second person to let `run` start, and tell the history.

    Runs in the caller's transaction, which holds the lock of the person. `run` has its reason and ticket.
    """
    expires_at = now + LIFETIME
    approval = Approval.objects.create(
        run=run,
        why=[need.as_json() for need in needs],
        sha256=sha256(run, user, expires_at),
        terms_sha256=terms.sha256(run.hold) if run.hold else "",
        origin=asdict(origin),
        asked_at=now,
        expires_at=expires_at,
    )
    append([Entry("approval.asked", origin, actor=user, run=run, facts=facts(approval))])
    return approval


def facts(approval: Approval) -> dict[str, Any]:
    """What every line about `approval` says of it."""
    run = approval.run
    return {
        "count": run.items.queued().count(),
        "list_sha256": run.list_sha256,
        "binding_sha256": approval.sha256,
        "expires_at": timestamp(approval.expires_at),
        "why": approval.why,
        "asked_by": run.user_name,
        "reason": run.reason,
        "ticket": run.ticket,
        "hold": terms.terms(run.hold) if run.hold else None,
    }
