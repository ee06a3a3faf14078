"""Everything of a person, ended at once: sessions, tokens, what waits for a second person, what is queued."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.utils import timezone

from connections.models import ApiToken, Approval, Proposal, StopItem, StopRun
from connections.people import tokens
from connections.proposals import decisions
from connections.stops import approvals, control
from connections.web.door import devices

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin
    from connections.models.runs import StopRunQuerySet


@dataclass(frozen=True)
class Everything:
    """How much there is of a person, or was ended."""

    sessions: int
    tokens: int
    requests: int
    runs: int


def count(person: User) -> Everything:
    """What would be ended."""
    return Everything(
        len(devices.of(person)),
        ApiToken.objects.filter(owner=person, revoked_at=None).count(),
        Approval.objects.waiting(timezone.now()).filter(run__user=person).count()
        + Proposal.objects.waiting().filter(asked_by=person).count(),
        _going_on(person).count(),
    )


def end_everything(person: User, actor: User, origin: Origin) -> Everything:
    """End it, each with its line. Sessions first, so that nothing is begun meanwhile.

    Of the runs those are cancelled that `actor` may steer; what was sent can't be undone.
    """
    sessions = devices.end(person, actor, origin)
    revoked = sum(tokens.revoke(one, actor, origin) for one in ApiToken.objects.filter(owner=person, revoked_at=None))
    requests = approvals.withdraw_all(person, actor, origin) + decisions.withdraw_all(person, actor, origin)
    return Everything(sessions, revoked, requests, sum(_cancelled(run, actor, origin) for run in _going_on(person)))


def _going_on(person: User) -> StopRunQuerySet:
    queued = StopItem.objects.queued().filter(run=OuterRef("pk"))
    return StopRun.objects.started().filter(Exists(queued), user=person, cancelled_at=None)


def _cancelled(run: StopRun, actor: User, origin: Origin) -> bool:
    try:
        control.cancel(run, actor, origin)
    except control.NotAllowed:  # over meanwhile, or not theirs to steer: what is left is told by `count`
        return False
    return True
