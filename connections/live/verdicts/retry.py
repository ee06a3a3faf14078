"""A person's wish to have a run's verdicts tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.live.schedule import make_due
from connections.models import Account
from connections.models.states import UnverifiedReason, Verdict
from connections.stops.control import NotAllowed, check_may_steer

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models import StopRun
    from connections.models.runs import StopItemQuerySet


def verifiable_again(run: StopRun) -> StopItemQuerySet:
    """What is unverified because no complete list came in time; what was never listed, no list can settle."""
    return run.items.filter(verdict=Verdict.UNVERIFIED, verdict_why=UnverifiedReason.NOT_LISTED)


def verify_again(run: StopRun, user: User, origin: Origin) -> None:
    """Have the lists read that can still settle what is unverified: the next one does, or says again why not.

    Raises NotAllowed.
    """
    check_may_steer(user, run)
    with transaction.atomic():
        items = verifiable_again(run)
        accounts = list(Account.objects.filter(pk__in=items.values("account")))
        count = items.update(verdict="", verdict_why="", verdict_at=None, verdict_seq=None)
        if not count:
            raise NotAllowed(_("Nothing of this run can be verified again."))
        make_due(accounts)
        append([Entry("run.verification_asked", origin, actor=user, run=run, facts={"count": count})])
