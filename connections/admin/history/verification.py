"""The last verification of the history on its page, and the button that verifies it now."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from connections import tasks
from connections.admin.refusals import Lacks
from connections.audit.reach import Held
from connections.audit.signing import FILE
from connections.audit.upkeep import verify_and_keep
from connections.audit.verify import LIMITS, Result
from connections.models import AuditCheckpoint, AuditHead, AuditVerification
from connections.models.rights import may
from connections.models.scope import is_bounded

if TYPE_CHECKING:
    from django.utils.functional import Promise

logger = logging.getLogger(__name__)

INLINE_EVENTS = 20_000
"""How long a history may be for its verification to fit into a request."""


@dataclass(frozen=True)
class Shown:
    """What the page says. `key_file`: where the key lies that was made here, "" when the environment names one."""

    last: AuditVerification | None
    checkpoint: AuditCheckpoint | None
    key_file: str
    may_verify: bool
    held: list[Held]
    """With what the last one compared the chain."""
    limits: str | Promise = LIMITS


def shown(request: HttpRequest) -> Shown:
    """The last verification and the last signed checkpoint, for the page of the history."""
    sees_all = _sees_all(request)
    made_here = sees_all and not settings.AUDIT_SIGNING_KEY
    last = AuditVerification.objects.first()
    if last and is_bounded(request.user):
        last.faults, last.differing_runs = [], []  # they name what may be out of sight
    held = [Held(**one) for one in last.held] if last else []
    return Shown(last, AuditCheckpoint.objects.last(), FILE if made_here else "", sees_all, held)


@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Verify here what is short; ask the worker where it would take longer than a page may."""
    if not _sees_all(request):
        raise Lacks("view_all_history", but=_("Nothing was read."))
    head = AuditHead.objects.first()
    if head is not None and head.seq > INLINE_EVENTS:
        _ask_worker(request)
    else:
        _verify_here(request)
    return HttpResponseRedirect(reverse("admin:connections_auditevent_changelist"))


def _sees_all(request: HttpRequest) -> bool:
    """Whether nothing of the history is kept from who asks, by permission or scope."""
    return may(request.user, "view_all_history") and not is_bounded(request.user)


def _verify_here(request: HttpRequest) -> None:
    try:
        found = verify_and_keep()
    except ImproperlyConfigured as error:
        messages.error(request, str(error))
        return
    if found.holds:
        messages.success(request, _("The whole history was read: no line is missing or changed."))
    elif found.result is Result.UNREADABLE:
        messages.warning(request, _("The history could not be read, which says nothing about it: %s") % found.unread)
    else:
        messages.error(request, _("The history does not hold. What was found stands on this page."))


def _ask_worker(request: HttpRequest) -> None:
    try:
        tasks.verify_history_now()
    except Exception:  # whatever the queue's client raises
        logger.exception("The queue did not take the wish to verify the history")
        messages.error(request, _("The queue can't be reached, so the worker was not asked. Nothing was verified."))
    else:
        messages.info(request, _("A worker verifies the whole history now; load the page again in a moment."))
