"""From a selection to a started run: with the count that the program expects, below the ceilings of its token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.api.problems import Problem, busy
from connections.models import ApiToken, IdempotencyKey, StopItem, StopRun
from connections.models.states import NEVER_SENT
from connections.stops import plan
from connections.stops.plan import NeedsApproval

if TYPE_CHECKING:
    from connections.audit.origin import Origin

COUNT_ABOVE = 100
"""As a person types the number above so many."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Limits:
    """How many connections the program expects, exactly or at most; None where it does not say."""

    expected: int | None
    most: int | None

    def check(self, count: int, token: ApiToken, *, fresh: int, may_be_none: bool = False) -> None:
        """Raise Problem unless `count` connections may be stopped with `token`; `fresh` of them for the first time.

        `may_be_none`: whether nothing may be there to stop yet.
        """
        if self.expected is not None and count != self.expected:
            words = {"count": count, "expected": self.expected}
            raise Problem("other_count", _("It would be %(count)d, not %(expected)d.") % words, count=count)
        if self.most is not None and count > self.most:
            words = {"count": count, "most": self.most}
            raise Problem("other_count", _("It would be %(count)d, more than %(most)d.") % words, count=count)
        if not count and not may_be_none:
            raise Problem("nothing_to_stop", count=0)
        if token.most_per_run is not None and count > token.most_per_run:
            words = {"count": count, "most": token.most_per_run}
            raise Problem(
                "over_token_ceiling", _("It would be %(count)d; the token may stop %(most)d.") % words, count=count
            )
        if self.expected is None and self.most is None and count > COUNT_ABOVE:
            raise Problem("count_required", _("It would be %d connections.") % count, count=count)
        _check_hour(token, fresh)


def start(
    token: ApiToken,
    draft: StopRun,
    wish: IdempotencyKey,
    *,
    reason: str,
    ticket: str,
    limits: Limits,
    origin: Origin,
) -> StopRun:
    """Start `draft` as the owner of `token`, as what `wish` led to; or delete it. Raises Problem."""
    try:
        with transaction.atomic():
            # Of several requests at once each counts what those before it have started.
            token = ApiToken.objects.select_for_update(no_key=True).select_related(None).get(pk=token.pk)
            queued = draft.items.queued().count()
            limits.check(queued, token, fresh=queued)
            StopRun.objects.filter(pk=draft.pk).update(token=token)
            IdempotencyKey.objects.filter(pk=wish.pk).update(run=draft)
            try:
                run = plan.start(draft.key, token.owner, reason=reason, ticket=ticket, origin=origin)
            except NeedsApproval:  # that is written down, and the run waits for somebody
                run = StopRun.objects.select_related("approval", "token").get(pk=draft.pk)
    except plan.CannotStart as error:
        _discard(draft)
        raise Problem("cannot_start", str(error)) from None
    except Problem:
        _discard(draft)
        raise
    return run


def _check_hour(token: ApiToken, fresh: int) -> None:
    if token.most_per_hour is None:
        return
    began = StopRun.objects.started().filter(token=token, started_at__gt=timezone.now() - HOUR).order_by("started_at")
    items = StopItem.objects.filter(run__in=began.values("pk")).exclude(state__in=NEVER_SENT)
    stopped = items.count()
    if stopped + fresh <= token.most_per_hour:
        return
    first = began.values_list("started_at", flat=True).first()
    wait_s = max(1, round((first + HOUR - timezone.now()).total_seconds())) if first else 3600
    facts: dict[str, Any] = {"stopped": stopped, "most": token.most_per_hour}
    detail = _("%(stopped)d of %(most)d connections were stopped within the hour.") % facts
    raise busy("hourly_ceiling", wait_s, detail, count=fresh)


def _discard(draft: StopRun) -> None:
    StopRun.objects.drafts().filter(pk=draft.pk).delete()
