"""Nothing is sent for anybody: what one does before an upgrade, or while something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append
from connections.models import Account, StopItem
from connections.models.accounts import lock_accounts
from connections.models.rights import NOTHING_CHANGED, may
from connections.models.together.wishes import SendingPause
from connections.people.access.givers import refused
from connections.stops.control import NotAllowed
from connections.stops.wakeup import wake_worker

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.audit.origin import Origin


def pause_now() -> SendingPause | None:
    """The pause that is on; None while everything may be sent."""
    return SendingPause.objects.filter(ended_at=None).first()


def pause_all(user: User, origin: Origin, reason: str) -> int:
    """Send nothing more for anybody; returns of how many stops that `user` sees the answers are awaited.

    Raises NotAllowed. Who claims does so under the lock of its account: what is claimed was so before this, and nothing
    is after it.
    """
    _check(user)
    if not reason.strip():
        raise NotAllowed(_("Say why: everybody reads it, and it is kept in the history. Nothing was changed."))
    with transaction.atomic():
        lock_accounts(Account.objects.values_list("pk", flat=True))
        if pause_now():
            raise NotAllowed(_("All sending is paused already."))
        SendingPause.objects.create(person=user, person_name=user.get_username(), reason=reason.strip())
        sending = StopItem.objects.sending().count()
        facts = {"reason": reason.strip(), "sending": sending, "queued": StopItem.objects.held().queued().count()}
        append([Entry("sending.paused", origin, actor=user, facts=facts)])
    return int(StopItem.objects.sending().visible_to(user).count())


def resume_all(user: User, origin: Origin) -> None:
    """Let everything go on that may be sent. Raises NotAllowed."""
    _check(user)
    with transaction.atomic():
        if not SendingPause.objects.filter(ended_at=None).update(ended_at=timezone.now()):
            raise NotAllowed(_("All sending goes on already."))
        append([Entry("sending.resumed", origin, actor=user)])
        transaction.on_commit(wake_worker)


def _check(user: User) -> None:
    if not may(user, "manage_runs"):
        raise NotAllowed(refused(user, "manage_runs", but=NOTHING_CHANGED))
