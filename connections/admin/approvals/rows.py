"""What waits for a second person, and what was decided, as the list of approvals shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.models import Approval, StopItem
from connections.models.approvals import ApprovalState
from connections.models.states import OPEN_STATUSES, ItemState
from connections.stops.progress.tally import tallies
from connections.words.door.approvals import needs_words
from connections.words.outcomes import outcome_labels

if TYPE_CHECKING:
    from django.contrib.auth.models import User

DECIDED_WITHIN = timedelta(days=7)
MOST = 50
OLD = timedelta(minutes=20)
ICONS = {
    ApprovalState.APPROVED: "stopped",
    ApprovalState.DENIED: "refused",
    ApprovalState.WITHDRAWN: "skipped",
    ApprovalState.EXPIRED: "ended",
    ApprovalState.GLASS: "unknown",
}


@dataclass(frozen=True)
class Waiting:
    """One that somebody has to decide or to review. `ended`: how many of its list are not open any more."""

    approval: Approval
    title: str
    why: str
    count: int
    ended: int
    age: timedelta
    is_mine: bool

    @property
    def is_old(self) -> bool:
        return self.age > OLD or self.is_review

    @property
    def is_review(self) -> bool:
        return self.approval.state == ApprovalState.GLASS


@dataclass(frozen=True)
class Decided:
    """One that is decided. `came_of_it`: what became of the run."""

    approval: Approval
    title: str
    state: str
    by: str
    waited: timedelta
    came_of_it: str


def waiting(person: User, now: datetime) -> list[Waiting]:
    """What `person` may see of what is open, the newest first."""
    rows = Approval.objects.visible_to(person).open(now).select_related("run__user", "decided_by")
    return [_waiting(row, person, now) for row in rows]


def decided(person: User, now: datetime) -> list[Decided]:
    """What `person` may see of what was decided within the last days, the newest first."""
    rows = Approval.objects.visible_to(person).filter(asked_at__gt=now - DECIDED_WITHIN)
    rows = rows.exclude(state=ApprovalState.WAITING, expires_at__gt=now).exclude(
        state=ApprovalState.GLASS, reviewed_at=None
    )
    shown = list(rows.select_related("run", "decided_by", "reviewed_by")[:MOST])
    counted = tallies([row.run for row in shown if row.run.started_at])
    return [_decided(row, outcome_labels(counted[row.run_id]) if row.run_id in counted else []) for row in shown]


def title_of(approval: Approval, count: int) -> str:
    text = ngettext("Stop %(count)s connection", "Stop %(count)s connections", count)
    return text % {"count": number_format(count, force_grouping=True)}


def listed(approval: Approval) -> int:
    """How many the run covers or would."""
    return approval.run.items.exclude(state=ItemState.SKIPPED).count()


def ended_since(approval: Approval) -> int:
    """How many of a list that waits are not open any more: they would be skipped."""
    items = StopItem.objects.filter(run=approval.run, state=ItemState.QUEUED)
    return items.exclude(connection__status__in=OPEN_STATUSES).count()


def _waiting(approval: Approval, person: User, now: datetime) -> Waiting:
    count, run = listed(approval), approval.run
    is_glass = approval.state == ApprovalState.GLASS
    title = _("Review: %s stopped without a second person") % run.user_name if is_glass else title_of(approval, count)
    why, ended = needs_words(approval.why), 0 if is_glass else ended_since(approval)
    since = (approval.decided_at if is_glass else None) or approval.asked_at
    return Waiting(approval, title, why, count, ended, now - since, run.user_id == person.pk)


def _decided(approval: Approval, outcomes: list[tuple[str, str]]) -> Decided:
    state, words = ApprovalState(approval.state), ""
    if state == ApprovalState.WAITING:  # past its end, and the worker has not closed it yet
        state = ApprovalState.EXPIRED
    by = approval.decided_by.get_username() if approval.decided_by else ""
    match state:
        case ApprovalState.APPROVED:
            words = _("approved by %s") % by
        case ApprovalState.DENIED:
            words = _("denied by %s") % by
        case ApprovalState.WITHDRAWN:
            words = _("withdrawn by %s") % by
        case ApprovalState.GLASS:
            reviewer = approval.reviewed_by.get_username() if approval.reviewed_by else ""
            words = _("broken by %(by)s, reviewed by %(reviewer)s") % {"by": by, "reviewer": reviewer}
        case _:
            words = _("nobody decided in 30 min")
    waited = (approval.decided_at or approval.expires_at) - approval.asked_at
    title = f"{title_of(approval, listed(approval))}, {approval.run}"
    came_of_it = ", ".join(words for _state, words in outcomes) or _("nothing was sent")
    return Decided(approval, title, ICONS[state], words, waited, came_of_it)
