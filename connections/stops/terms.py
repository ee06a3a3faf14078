"""What a second person says yes to with the first run of a hold: how far it goes, on what, how often, until when."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from connections.audit.append import canonical
from connections.models.approvals import Approval, ApprovalState
from connections.models.holding.holds import Level

if TYPE_CHECKING:
    from connections.models import Hold, StopRun

DOOR_FIRST_S = 15.0


def terms(hold: Hold) -> dict[str, Any]:
    """Selector, level, caps and deadline of `hold`, each by its name in the line `hold.requested`."""
    return {
        "hold_id": hold.pk,
        "level": str(hold.level),
        "match": hold.match,
        "list_sha256": hold.list_sha256,
        "quiet_s": round(hold.quiet.total_seconds()),
        "deadline_at": hold.deadline_at.isoformat(),
        "most_per_minute": hold.most_per_minute,
        "most_per_hour": hold.most_per_hour,
        "most_in_all": hold.most_in_all,
        "include_own": hold.include_own,
    }


def sha256(hold: Hold) -> str:
    """The digest of the terms of `hold` as they are now."""
    return hashlib.sha256(canonical(terms(hold)).encode()).hexdigest()


def approval_of(hold: Hold) -> Approval | None:
    """What `hold` waits or waited for; None where no second person was needed."""
    return Approval.objects.filter(run=hold.first_run_id).first() if hold.first_run_id else None


def is_granted(hold: Hold) -> bool:
    """Whether a second person, or the broken glass, lets `hold` act, by exactly the terms that it has now."""
    granted = Approval.objects.filter(state__in=(ApprovalState.APPROVED, ApprovalState.GLASS))
    return granted.filter(run=hold.first_run_id, terms_sha256=sha256(hold)).exists()


def cover(run: StopRun) -> bool:
    """Whether `run` stops again what a hold is granted to stop again: within its caps that needs no yes of its own."""
    again = run.hold is not None and run.hold.first_run_id not in (None, run.pk)
    return again and run.hold is not None and is_granted(run.hold)


def door_first_s(run: StopRun) -> float:
    """For how many seconds `run` waits for ways to be closed: the first run of a hold that closes some."""
    return DOOR_FIRST_S if run.hold is not None and run.hold.reaches(Level.LINKS) else 0.0
